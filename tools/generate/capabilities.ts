import { parseSide, openSide } from "@bucketferry/config";
import { writeOrCheck } from "../write-or-check.ts";

/** One provider of each kind, as a configuration would name it; none of them is asked anything over a network. */
const SIDES: Readonly<Record<string, object>> = {
  memory: { adapter: "memory" },
  fs: { adapter: "fs", directory: "files", publicBaseUrl: "https://files.example.com" },
  supabase: { adapter: "supabase", url: "https://ref.supabase.co", key: "sb_secret_not_a_real_key", bucket: "b" },
  ...Object.fromEntries(
    ["aws", "r2", "minio", "ceph", "b2", "gcs", "supabase-s3", "generic"].map((profile) => [
      `s3: ${profile}`,
      {
        adapter: "s3",
        profile,
        bucket: "bucket-name",
        region: "us-east-1",
        accessKeyId: "NOTAREALKEY",
        secretAccessKey: "not-a-real-secret",
        ...(profile === "aws" ? {} : { endpoint: "https://s3.example.com" }),
      },
    ]),
  ),
};

const columns = new Map<string, ReadonlyMap<string, string>>();
for (const [name, side] of Object.entries(SIDES)) {
  const provider = openSide(await parseSide(side, "bucketferry.config.json", { environment: {} }));
  columns.set(name, new Map(flat(provider.capabilities)));
  await provider.close();
}
const names = [...new Set([...columns.values()].flatMap((column) => [...column.keys()]))];
const heads = [...columns.keys()];
const lines = [
  "# What each provider can do",
  "",
  "What a provider cannot do it refuses with `Unsupported`, before any request. Meanings are said where the type is declared:",
  "[capabilities.ts](../packages/storage-core/src/contract/capabilities.ts). This page is generated (`pnpm generate`).",
  "",
  `| capability | ${heads.join(" | ")} |`,
  `| --- | ${heads.map(() => "---").join(" | ")} |`,
  ...names.map((name) => `| ${name} | ${heads.map((head) => columns.get(head)?.get(name) ?? "–").join(" | ")} |`),
];
writeOrCheck("docs/capabilities.md", `${lines.join("\n")}\n`);

function flat(value: object, path = ""): [string, string][] {
  return Object.entries(value).flatMap(([key, member]: [string, unknown]): [string, string][] => {
    const name = path === "" ? key : `${path}.${key}`;
    if (Array.isArray(member)) return [[name, member.join(", ") || "none"]];
    if (typeof member === "object" && member !== null) return flat(member, name);
    return [[name, shown(member)]];
  });
}

function shown(value: unknown): string {
  if (value === true) return "yes";
  if (value === false) return "no";
  if (value === undefined) return "any";
  if (typeof value === "number") return size(value);
  return `\`${(value as string).replaceAll("|", "\\|").replaceAll("`", "'")}\``;
}

function size(value: number): string {
  if (value === Number.MAX_SAFE_INTEGER) return "no limit";
  const units: readonly (readonly [number, string])[] = [
    [2 ** 40, "TiB"],
    [2 ** 30, "GiB"],
    [2 ** 20, "MiB"],
  ];
  const unit = units.find(([factor]) => value >= factor && value % factor === 0);
  return unit === undefined ? String(value) : `${value / unit[0]} ${unit[1]}`;
}
