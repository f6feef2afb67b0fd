import { S3Error } from "./s3-error.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html */
export interface PostPolicy {
  readonly expiresAtMs: number;
  readonly conditions: readonly PostCondition[];
}

export type PostCondition =
  | { readonly kind: "eq" | "starts-with"; readonly field: string; readonly value: string; readonly text: string }
  | { readonly kind: "length"; readonly min: number; readonly max: number };

export function parsePostPolicy(base64: string): PostPolicy {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(base64, "base64").toString("utf8"));
  } catch {
    throw invalid("Invalid JSON.");
  }
  if (!isRecord(document)) throw invalid("Invalid JSON.");
  const { expiration, conditions } = document;
  const expiresAtMs = typeof expiration === "string" ? Date.parse(expiration) : Number.NaN;
  if (Number.isNaN(expiresAtMs)) throw invalid("Invalid 'expiration' value.");
  if (!Array.isArray(conditions)) throw invalid("Policy missing condition: conditions.");
  return { expiresAtMs, conditions: conditions.flatMap(parseCondition) };
}

function parseCondition(condition: unknown): readonly PostCondition[] {
  const text = JSON.stringify(condition);
  if (Array.isArray(condition)) {
    const [operator, first, second]: readonly unknown[] = condition;
    const kind = typeof operator === "string" ? operator.toLowerCase() : "";
    if (kind === "content-length-range") {
      const min = Number(first);
      const max = Number(second);
      if (condition.length !== 3 || !Number.isSafeInteger(min) || !Number.isSafeInteger(max)) {
        throw invalid("Invalid content-length-range.");
      }
      return [{ kind: "length", min, max }];
    }
    if ((kind !== "eq" && kind !== "starts-with") || condition.length !== 3)
      throw invalid(`Invalid Simple-Condition: ${text}.`);
    if (typeof first !== "string" || !first.startsWith("$") || typeof second !== "string") {
      throw invalid(`Invalid Simple-Condition: ${text}.`);
    }
    return [{ kind, field: first.slice(1).toLowerCase(), value: second, text }];
  }
  if (!isRecord(condition)) throw invalid(`Invalid Simple-Condition: ${text}.`);
  return Object.entries(condition).map(([field, value]) => {
    if (typeof value !== "string") throw invalid(`Invalid Simple-Condition: ${text}.`);
    return { kind: "eq", field: field.toLowerCase(), value, text: JSON.stringify(["eq", `$${field}`, value]) };
  });
}

/** Fields that need no condition. */
const FREE: ReadonlySet<string> = new Set(["x-amz-signature", "file", "policy", "awsaccesskeyid", "signature"]);

/** Every condition holds, and every field of the form is one that the policy speaks of. */
export function checkPostPolicy(policy: PostPolicy, fields: ReadonlyMap<string, string>, nowMs: number): void {
  if (nowMs > policy.expiresAtMs) throw denied("Policy expired.");
  const named = new Set<string>();
  for (const condition of policy.conditions) {
    if (condition.kind === "length") continue;
    named.add(condition.field);
    const value = fields.get(condition.field) ?? "";
    if (condition.kind === "eq" ? value !== condition.value : !startsWith(condition.field, value, condition.value)) {
      throw denied(`Policy Condition failed: ${condition.text}`);
    }
  }
  const extra = [...fields.keys()].filter(
    (name) => !named.has(name) && !FREE.has(name) && !name.startsWith("x-ignore-"),
  );
  // The bucket is in the URL; a policy may speak of it, but need not.
  const unspoken = extra.filter((name) => name !== "bucket");
  if (unspoken.length > 0) throw denied(`Extra input fields: ${unspoken.join(", ")}`);
}

/** The narrowest of the policy's ranges, in bytes. */
export function lengthLimits(policy: PostPolicy): { readonly min: number; readonly max: number } {
  const ranges = policy.conditions.filter((condition) => condition.kind === "length");
  return {
    min: Math.max(0, ...ranges.map(({ min }) => min)),
    max: Math.min(Number.MAX_SAFE_INTEGER, ...ranges.map(({ max }) => max)),
  };
}

/** A list of content types has to match in each of its members. */
function startsWith(field: string, value: string, prefix: string): boolean {
  const values = field === "content-type" ? value.split(",").map((each) => each.trim()) : [value];
  return values.every((each) => each.startsWith(prefix));
}

function invalid(message: string): S3Error {
  return new S3Error("InvalidPolicyDocument", { message: `Invalid Policy: ${message}` });
}

function denied(message: string): S3Error {
  return new S3Error("AccessDenied", { message: `Invalid according to Policy: ${message}` });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
