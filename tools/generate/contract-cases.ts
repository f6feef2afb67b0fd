import { CONFORMANCE_CASES } from "@bucketferry/storage-core/conformance";
import { writeOrCheck } from "../write-or-check.ts";

const SECTIONS: Readonly<Record<string, string>> = {
  A: "Put and get",
  B: "Keys",
  C: "Metadata and headers",
  D: "Ranges and streaming reads",
  E: "Conditions",
  F: "Checksums and integrity",
  G: "Head, exists, delete",
  H: "List",
  I: "Copy and move",
  J: "URLs",
  K: "Multipart uploads",
  L: "Abort, time-out, retry",
  M: "Errors",
  N: "Life of a provider, and layers",
  X: "Hygiene, after the whole run",
};

const lines = [
  "# The cases of the storage contract",
  "",
  `${CONFORMANCE_CASES.length} cases, the same for every provider. **core**: every provider passes. **extended**: by capability; without it the`,
  "refusal is what is tested. **stress**: slow, or behind the fault proxy. This page is generated (`pnpm generate`).",
];
for (const [letter, title] of Object.entries(SECTIONS)) {
  lines.push("", `## ${letter}. ${title}`, "", "| id | level | case | needs |", "| --- | --- | --- | --- |");
  for (const { id, level, title: promise, needs } of CONFORMANCE_CASES.filter((one) => one.id.startsWith(letter))) {
    lines.push(
      `| ${id} | ${level} | ${promise.replaceAll("|", "\\|")} | ${needs.map((one) => `\`${one.name}\``).join(", ")} |`,
    );
  }
}
writeOrCheck("docs/contract-cases.md", `${lines.join("\n")}\n`);
