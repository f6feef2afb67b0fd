import type { FormPolicy } from "@bucketferry/config";
import type { UrlKind } from "@bucketferry/storage-core/provider";

/** What becomes of each form of URL. */
export type FormPolicies = Readonly<Record<UrlKind, FormPolicy>>;
