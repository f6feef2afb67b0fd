import type { FormPolicy } from "@bucketferry/config";
import type { UrlKind } from "@bucketferry/storage-core/provider";
import type { KeptReason, RewriteTo } from "../contract.ts";
import type { FormPolicies } from "./form-policies.ts";
import type { ReferenceKind } from "./occurrence.ts";

/** Forms that gave their object to everybody, and to whom the new URL gives no more than the old one did. */
const OPEN_FORMS = { public: "map", cdn: "map" } as const;
/** Forms that have no counterpart elsewhere, or are only a part of a URL whose rest the app knows. */
const OWN_FORMS = { render: "report", "private-render": "report", upload: "report", path: "report" } as const;

/**
 * Nothing private becomes public: a URL that asked for a token, a session or a signature is not made one that asks for
 * nothing. Where the new form asks again (the API's own URLs) or gives no access by itself (a key), it can be mapped.
 */
export const DEFAULT_POLICIES: Readonly<Record<RewriteTo["to"], FormPolicies>> = {
  public: { ...OPEN_FORMS, ...OWN_FORMS, signed: "report", authenticated: "report", bare: "report", s3: "report" },
  app: { ...OPEN_FORMS, ...OWN_FORMS, signed: "map-and-drop-query", authenticated: "map", bare: "map", s3: "map" },
  key: { ...OPEN_FORMS, ...OWN_FORMS, signed: "map-and-drop-query", authenticated: "map", bare: "map", s3: "map" },
};

/** Why a form stays of which the policy is `report`. */
export const WHY_REPORTED: Readonly<Record<UrlKind, KeptReason>> = {
  public: "reported-form",
  cdn: "reported-form",
  path: "reported-form",
  signed: "private-form",
  authenticated: "private-form",
  bare: "private-form",
  s3: "private-form",
  render: "no-counterpart",
  "private-render": "no-counterpart",
  upload: "no-counterpart",
};

/** `form`: what the path says, when the URL has no host. Both have to allow the mapping, and the stricter one counts. */
export function policyFor(
  { kind, form }: { readonly kind: ReferenceKind; readonly form: ReferenceKind },
  to: RewriteTo,
): { readonly policy: FormPolicy; readonly reason: KeptReason } {
  const policyOf = (one: ReferenceKind): FormPolicy =>
    one === "key" ? "map" : (to.forms?.[one] ?? DEFAULT_POLICIES[to.to][one]);
  const stricter = maps(policyOf(kind)) && policyOf(form) !== "map" ? form : kind;
  const policy = policyOf(stricter);
  const reported = stricter === "key" ? "reported-form" : WHY_REPORTED[stricter];
  return { policy, reason: policy === "keep" ? "kept-by-policy" : reported };
}

function maps(policy: FormPolicy): policy is "map" | "map-and-drop-query" {
  return policy === "map" || policy === "map-and-drop-query";
}
