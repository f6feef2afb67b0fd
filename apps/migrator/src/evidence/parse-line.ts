import { EVIDENCE_FORMAT, type EvidenceLine } from "./evidence-lines.ts";

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === "string";
const textOrNull: Check = (value) => value === null || typeof value === "string";
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const counts: Check = (value) => isRecord(value) && Object.values(value).every(count);
const hashOrNull: Check = (value) => value === null || (typeof value === "string" && /^[0-9a-f]{64}$/.test(value));

/** The fields that a reader relies on; others may stand beside them. */
const FIELDS: Readonly<Record<EvidenceLine["type"], Readonly<Record<string, Check>>>> = {
  header: {
    format: (value) => value === EVIDENCE_FORMAT,
    tool: text,
    createdAt: text,
    routes: (value) =>
      Array.isArray(value) &&
      value.every((route) => isRecord(route) && text(route["name"]) && text(route["source"]) && text(route["target"])),
  },
  object: {
    route: text,
    key: text,
    targetKey: text,
    size: count,
    sha256: hashOrNull,
    sourceEtag: textOrNull,
    targetEtag: textOrNull,
    verifiedAt: textOrNull,
    evidence: textOrNull,
    proof: text,
  },
  reference: { route: text, key: text, url: text, sha256: hashOrNull, proof: text },
  summary: { finishedAt: text, objects: counts, references: counts, problems: count },
};

export type ParsedLine = { readonly line: EvidenceLine } | { readonly problem: string };

/** One line of an evidence file from its JSON, or what is wrong with it. */
export function parseLine(value: unknown): ParsedLine {
  if (!isRecord(value)) return { problem: "is no JSON object" };
  const type = value["type"];
  if (typeof type !== "string" || !Object.hasOwn(FIELDS, type)) {
    return { problem: `has no known type: ${JSON.stringify(type)}` };
  }
  for (const [name, check] of Object.entries(FIELDS[type as EvidenceLine["type"]])) {
    if (!check(value[name])) return { problem: `has no proper \`${name}\`: ${JSON.stringify(value[name])}` };
  }
  return { line: value as unknown as EvidenceLine };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
