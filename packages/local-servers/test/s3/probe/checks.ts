import { authChecks } from "./auth-checks.ts";
import { bucketChecks } from "./bucket-checks.ts";
import type { Check } from "./check.ts";
import { checksumChecks } from "./checksum-checks.ts";
import { conditionalChecks } from "./conditional-checks.ts";
import { configChecks } from "./config-checks.ts";
import { copyChecks } from "./copy-checks.ts";
import { corsChecks } from "./cors-checks.ts";
import { deleteChecks } from "./delete-checks.ts";
import { getChecks } from "./get-checks.ts";
import { keyChecks } from "./key-checks.ts";
import { listChecks } from "./list-checks.ts";
import { metadataChecks } from "./metadata-checks.ts";
import { multipartChecks } from "./multipart-checks.ts";
import { presignChecks } from "./presign-checks.ts";
import { publicChecks } from "./public-checks.ts";
import { putChecks } from "./put-checks.ts";

export const CHECKS: readonly Check[] = [
  ...bucketChecks,
  ...putChecks,
  ...getChecks,
  ...conditionalChecks,
  ...metadataChecks,
  ...checksumChecks,
  ...keyChecks,
  ...listChecks,
  ...deleteChecks,
  ...copyChecks,
  ...multipartChecks,
  ...presignChecks,
  ...publicChecks,
  ...corsChecks,
  ...configChecks,
  ...authChecks,
];
