import { globSync, readFileSync } from "node:fs";
import { writeOrCheck } from "../write-or-check.ts";

/** What a migrator has to survive, by id, and what it must do then. S: source and transfer. L: process and ledger. */
const CASES: Readonly<Record<string, readonly [what: string, required: string]>> = {
  S1: [
    "the source is overwritten while it is read",
    "the old version does not count; it is read again, or planned again",
  ],
  S2: ["ranges are read from two versions", "each range is pinned to one ETag; another version begins the object anew"],
  S3: ["the source is deleted while it is copied", "`vanished`, neither failure nor success; no copy of it stays"],
  S4: ["same size, same second, other bytes", "size and time decide nothing; `verify --deep` reads both sides"],
  S5: [
    "keys that differ in case or Unicode form only",
    "keys are bytes; twins are listed, and refused where the target mixes them up",
  ],
  S6: ["ETags that are no MD5", "never compared as such; the own SHA-256 is the truth"],
  S7: ["a body that somebody compressed on its way", "identity is asked for; an encoded answer is refused"],
  S8: ["a body that is altered on its way", "found by the source's own MD5, from the first body on; never `verified`"],
  S9: ["objects without bytes", "copied, hashed and verified like any other"],
  S10: ["a body that ends early with status 200", "never committed; read again, then failed"],
  S11: ["status 200 with an error in the body", "success only with the answer's ETag"],
  S12: ["503, 429, 500, 544", "tried again with backoff and jitter; `Retry-After` is obeyed"],
  S13: ["credentials that expire in the middle", "everything waits; no object fails for it"],
  S14: ["a clock that is wrong", "said with its size and its fix"],
  S15: ["404 told as 400, or as 403", "missing only on a definite answer; everything else stops or fails"],
  S16: ["listings that shift under writes", "each key counts once; what was missed is found by the next plan"],
  S17: ["a prefix that is the beginning of another", "`img/` does not match `img2/`"],
  S18: ["folder placeholders", "left out and listed, or kept; never missing"],
  S19: ["keys that the target cannot take", "listed in the plan; never changed in silence"],
  S20: ["`+ % ? # &` and spaces in keys", "the same key arrives, byte for byte"],
  S21: ["objects larger than the target takes", "refused in the plan; part sizes follow from the length"],
  S22: ["user metadata that does not fit", "kept in the ledger and reported"],
  S23: ["content types that are missing or wrong", "carried as the source serves them"],
  S24: ["owners, policies and public access do not move", "nothing is made public; what strangers cannot read is said"],
  S25: ["unfinished uploads", "adopted or ended"],
  S26: ["a row without bytes", "`vanished` or failed, never `copied`; the run goes on and the exit code says it"],
  S27: ["the physical layout of a self-hosted source", "read through its API only; other versions never show"],
  S28: ["archived objects", "left out with the reason, or refused; never `copied`"],
  S29: ["connections that hang", "every body has an idle limit; the object is tried again"],
  S30: ["services that are nearly S3", "explicit settings by profile; the end is the same"],
  L1: ["killed between the put and its record", "found at the target and adopted; nothing recorded is copied again"],
  L2: ["killed between the copy and the database", "only references of verified objects are rewritten"],
  L3: ["killed while the database is changed", "the journal is in the same transaction"],
  L4: ["two migrators at once", "the second is told who is at work, and does nothing"],
  L5: ["the owner of the ledger sleeps, and wakes", "it has lost the ledger, writes nothing to it, and ends"],
  L6: ["a full disk, or a ledger that is no ledger", "an error with its fix; nothing recorded is lost"],
  L7: ["a ledger of another move", "refused, both fingerprints shown"],
  L8: ["SIGTERM", "what is under way ends and is recorded; it can go on"],
  L9: ["millions of objects", "memory does not grow"],
  L10: ["failures in part", "never told as success"],
  L11: ["a broken listing", "nothing is deleted, and nothing is called gone"],
  L12: ["one object that always fails", "goes to the dead letters while the run goes on"],
  L13: ["another version of the program", "an older ledger is brought up, a newer one is refused"],
  L14: ["a clock that jumps", "durations come from a clock that only goes forward"],
};

interface ForcedBy {
  readonly title: string;
  readonly file: string;
}

const IDS = /^(?:[A-Z]\d+ )+/;
/** Lines that begin a test, or a group of tests, whose title is on them or (as the formatter breaks them) on the next one. */
const TITLED = /^( *)(?:(it|test|describe)\b.*?|)["`]((?:[^"`\\]|\\.)*)["`]/;

/** Titles of the tests of one file, each behind those of the groups around it. */
function* titlesOf(text: string): Generator<{ readonly ids: readonly string[]; readonly title: string }> {
  const groups: { readonly indent: number; readonly ids: readonly string[]; readonly title: string }[] = [];
  const lines = text.split("\n");
  for (const [i, line] of lines.entries()) {
    const [, space = "", word, told = ""] = TITLED.exec(line) ?? [];
    const before = lines[i - 1] ?? "";
    // A title on a line of its own follows the line that opens the call.
    const kind = word ?? (/(?:^|\)|\b(?:it|test|describe)(?:\.\w+)*)\($/.test(before) ? "test" : undefined);
    if (kind === undefined || told === "") continue;
    const indent = space.length;
    while (groups.length > 0 && (groups.at(-1)?.indent ?? 0) >= indent) groups.pop();
    const ids = IDS.exec(told)?.[0].trim().split(" ") ?? [];
    const title = told.replace(IDS, "");
    if (kind === "describe") {
      groups.push({ indent, ids, title });
      continue;
    }
    const around = groups.map((group) => group.title).filter((one) => !one.includes("%s"));
    yield { ids: [...new Set([...groups.flatMap((group) => group.ids), ...ids])], title: [...around, title].join(" ") };
  }
}

const tests = new Map<string, ForcedBy[]>();
for (const file of globSync("{apps,packages}/*/{src,test}/**/*.test.ts").toSorted()) {
  // There S3 is the service.
  if (file.startsWith("packages/local-servers/")) continue;
  // The cases of the storage contract have an L of their own: L11 of an adapter is another one.
  const isAdapter = !file.startsWith("apps/") && !file.startsWith("packages/ledger/");
  for (const { ids, title } of titlesOf(readFileSync(file, "utf8"))) {
    for (const id of ids.filter((one) => !isAdapter || one.startsWith("S"))) {
      tests.set(id, [...(tests.get(id) ?? []), { title, file }]);
    }
  }
}

const missing = Object.keys(CASES).filter((id) => !tests.has(id));
for (const id of missing) {
  console.error(`No test forces ${id} (${CASES[id]?.[0]}): its title has to begin with the id.`);
  process.exitCode = 1;
}

const lines = [
  "# What can go wrong, and the tests that make it happen",
  "",
  "Each case has a number that stays. **S**: the source and the way. **L**: the process and its ledger. A test forces a case when its title begins",
  "with the number. This page is generated (`pnpm generate`), and `pnpm check` fails when a case has no test.",
];
for (const [letter, section] of [
  ["S", "Source and transfer"],
  ["L", "Process and ledger"],
] as const) {
  lines.push("", `## ${section}`);
  for (const [id, [what, required]] of Object.entries(CASES).filter(([name]) => name.startsWith(letter))) {
    lines.push("", `### ${id}: ${what}`, "", `${required[0]?.toUpperCase()}${required.slice(1)}.`, "");
    for (const { title, file } of tests.get(id) ?? []) {
      lines.push(`- ${title.replaceAll(/[*<>_]/g, "\\$&")} ([${file.split("/").at(-1)}](../${file}))`);
    }
  }
}
writeOrCheck("docs/failure-cases.md", `${lines.join("\n")}\n`);
