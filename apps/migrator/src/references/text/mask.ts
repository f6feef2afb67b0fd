/** `=`, or one of its spellings inside of something else. */
const EQUALS = String.raw`(?:=|%(?:25)*3d|\\+u003d|&#0*61;|&#x0*3d;|&equals;)`;
const SECRET_PARAMETER = new RegExp(
  String.raw`((?:token|x-amz-(?:signature|credential|security-token)|signature|awsaccesskeyid|apikey)${EQUALS})[A-Za-z0-9._~%+/=-]+`,
  "gi",
);
/** A JSON Web Token, wherever it stands: RFC 7519 §3. */
const TOKEN = /\beyJ[\w-]{8,}\.[\w-]*\.?[\w-]*/g;
const LONGEST_SHOWN = 300;
/** More than is shown, so that a token at the cut is seen as a whole or cut away. */
const LONGEST_READ = 16_384;

/** A text as it may be shown: tokens and signatures of URLs hidden, and not longer than a few lines. */
export function masked(text: string): string {
  const hidden = withoutSecrets(text.slice(0, LONGEST_READ));
  return hidden.length <= LONGEST_SHOWN ? hidden : `${hidden.slice(0, LONGEST_SHOWN)}…`;
}

/** The whole text, with tokens and signatures hidden. */
export function withoutSecrets(text: string): string {
  return text.replaceAll(SECRET_PARAMETER, "$1…").replaceAll(TOKEN, "…");
}
