import { DEFAULT_POLICIES, WHY_REPORTED } from "../../apps/migrator/src/references/text/policies.ts";
import { writeOrCheck } from "../write-or-check.ts";

/** How a stored URL of each form looks; those of Supabase Storage below a project's `/storage/v1`. */
const EXAMPLES: Readonly<Record<keyof typeof WHY_REPORTED, string>> = {
  public: "`/object/public/bucket/key`; of S3 the URL of an object, path style or virtual hosted, without a signature",
  cdn: "`https://cdn.example.com/key`: behind the `publicBaseUrl` or an alias of an S3 bucket",
  signed: "`/object/sign/bucket/key?token=…`; of S3 a URL with a signature",
  authenticated: "`/object/authenticated/bucket/key`",
  bare: "`/object/bucket/key`",
  s3: "`/s3/bucket/key`, `s3://bucket/key`",
  render: "`/render/image/public/bucket/key?width=…`",
  "private-render": "`/render/image/sign/…`, `/render/image/authenticated/…`",
  upload: "`/object/upload/sign/bucket/key?token=…`",
  path: "`/storage/v1/object/public/bucket/key`: any of these without its host",
};

const lines = [
  "# Forms of stored URLs, and what becomes of them",
  "",
  "`rewrite.forms` of the configuration gives a form another policy: `map` (the object's new URL; parameters that only the old service knows go, others and",
  "the fragment stay to the letter), `map-and-drop-query`, `keep` (stays, as asked) or `report` (stays, because somebody has to decide). Why the defaults are",
  "what they are: [ADR 11](adr/0011-nothing-private-becomes-public.md). This page is generated (`pnpm generate`).",
  "",
  "| form | looks like | `to: public` | `to: app` | `to: key` | reported as |",
  "| --- | --- | --- | --- | --- | --- |",
  ...(Object.keys(EXAMPLES) as (keyof typeof EXAMPLES)[]).map((form) => {
    const policies = (["public", "app", "key"] as const).map((to) => DEFAULT_POLICIES[to][form]);
    return `| \`${form}\` | ${EXAMPLES[form]} | ${policies.join(" | ")} | \`${WHY_REPORTED[form]}\` |`;
  }),
];
writeOrCheck("docs/url-forms.md", `${lines.join("\n")}\n`);
