const SECRET_PARAMETER =
  /([?&](?:token|x-amz-signature|x-amz-credential|x-amz-security-token|signature|awsaccesskeyid|apikey)=)[^&#\s"'<>)\\]+/gi;
const LONGEST_SHOWN = 300;

/** A text as it may be shown: tokens and signatures of URLs hidden, and not longer than a few lines. */
export function masked(text: string): string {
  const hidden = text.replaceAll(SECRET_PARAMETER, "$1…");
  return hidden.length <= LONGEST_SHOWN ? hidden : `${hidden.slice(0, LONGEST_SHOWN)}…`;
}
