/**
 * Keys that services, SDKs, proxies and file systems are known to damage, by the case of section B they belong to.
 * Each is a name under a case's prefix; `keysOf` builds the whole keys. All are distinct also after NFC normalisation
 * is *not* applied, and no two differ only in case, so that they can live side by side wherever they are allowed.
 */
export interface WeirdName {
  readonly case: string;
  readonly label: string;
  readonly name: string;
}

const PUNCTUATION = "?#&=;:@,$!*'()[]{}|^~\"<>`\\+%_-";

const GROUPS: readonly { readonly case: string; readonly names: Readonly<Record<string, string>> }[] = [
  { case: "B01", names: { nested: "a/b/c.txt", "deeply nested": "1/2/3/4/5/6/7/8/9/10/11/12.txt" } },
  {
    case: "B02",
    names: {
      "space inside": "my file.txt",
      "leading space": " leading.txt",
      "trailing space": "trailing ",
      "two spaces": "two  spaces.txt",
      "space around a slash": "folder / file",
    },
  },
  {
    case: "B03",
    names: {
      plus: "a+b.txt",
      percent: "100%.txt",
      "literal %20": "a%20c.txt",
      "literal %2F": "a%2Fd.txt",
      "literal %25": "a%25e.txt",
      "broken escape": "a%zz.txt",
      "half an escape": "a%2",
    },
  },
  {
    case: "B04",
    names: {
      ...Object.fromEntries(PUNCTUATION.split("").map((mark) => [`character ${mark}`, `p${mark}q.txt`])),
      "looks like a query": "q?versionId=1&x=2.txt",
      "looks like a fragment": "f#top",
      "looks like XML": "<Key>&amp;x</Key>",
      "all punctuation": `all ${PUNCTUATION} end`,
    },
  },
  {
    case: "B05",
    names: {
      emoji: "party 🎉👩‍👩‍👧.txt",
      CJK: "日本語/文字.txt",
      "right to left": "שלום-مرحبا.txt",
      "combining marks": "z̴̧̛a.txt",
      NFC: "caf\u00e9.txt",
      NFD: "cafe\u0301.txt",
      "no-break space and zero width": "a\u00a0b\u200bc.txt",
      "beyond the BMP beside U+FF5E": "\uff5e and \u{1f600}",
    },
  },
  {
    case: "B07",
    names: {
      "double slash": "double//slash.txt",
      "triple slash": "triple///slash.txt",
      "trailing slash": "trailing-slash/",
      "two trailing slashes": "two-trailing//",
    },
  },
  {
    case: "B08",
    names: {
      "dot segment": "dot/./file.txt",
      "two dots inside": "up/../file.txt",
      "two dots at the end": "up-end/..",
      "dot at the end": "dot-end/.",
      "three dots": "dots/.../file.txt",
      "two dots in a name": "dots/..name.txt",
    },
  },
  {
    case: "B09",
    names: {
      tab: "tab\tfile",
      newline: "new\nline",
      "carriage return": "carriage\rreturn",
      NUL: "nul\0byte",
      "control character": "one\u0001two",
      DEL: "del\u007fete",
      "noncharacter U+FFFE": "odd\ufffename",
    },
  },
  {
    case: "B14",
    names: {
      "ends in a dot": "name.",
      "ends in two dots": "name..",
      "many extensions": "dump.json.gz.tmp",
      "only an extension": ".json",
      tilde: "backup~",
    },
  },
  {
    case: "B17",
    names: {
      "hidden folder": ".hidden/x",
      "hidden file": "folder/.hidden",
      DS_Store: "folder/.DS_Store",
      "git folder": ".git/config",
      "Windows device": "folder/CON",
      "Windows device with extension": "folder/nul.txt",
    },
  },
  {
    case: "B20",
    names: {
      digits: "0123456789",
      "one digit": "0",
      "one letter": "x",
      __proto__: "__proto__",
      constructor: "constructor",
      toString: "toString",
      hasOwnProperty: "hasOwnProperty",
      "then (what await looks for)": "then",
      undefined: "undefined",
      null: "null",
      true: "true",
    },
  },
];

export const WEIRD_NAMES: readonly WeirdName[] = GROUPS.flatMap((group) =>
  Object.entries(group.names).map(([label, name]) => ({ case: group.case, label, name })),
);

/** The names of one case of section B. */
export function weirdNamesOf(caseId: string): readonly WeirdName[] {
  return WEIRD_NAMES.filter((weird) => weird.case === caseId);
}
