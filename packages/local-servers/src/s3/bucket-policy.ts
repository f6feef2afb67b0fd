import { notImplemented, S3Error } from "./s3-error.ts";

/** One statement of the subset that this server evaluates: everybody may read the objects that a pattern names. */
export interface PublicRead {
  /** Patterns of `BUCKET/KEY` with `*` and `?`. */
  readonly resources: readonly string[];
}

const MAX_BYTES = 20 * 1024;
const ARN = "arn:aws:s3:::";

/**
 * Reads a policy document. What is no policy at AWS is `MalformedPolicy`; what is one, but says more than "everybody
 * may s3:GetObject here", is refused as not implemented rather than half obeyed.
 */
export function parsePolicy(text: string, bucket: string): readonly PublicRead[] {
  if (Buffer.byteLength(text) > MAX_BYTES) {
    throw new S3Error("MalformedPolicy", { message: "Policy exceeds the maximum allowed document size." });
  }
  const document = parseDocument(text);
  const statements = listOf(document["Statement"]);
  if (statements.length === 0) throw malformed("Missing required field Statement");
  return statements.map((statement) => parseStatement(statement, bucket));
}

export function allowsPublicRead(statements: readonly PublicRead[], bucket: string, key: string): boolean {
  return statements.some(({ resources }) => resources.some((pattern) => matchesPattern(pattern, `${bucket}/${key}`)));
}

const DOCUMENT_FIELDS: readonly string[] = ["Version", "Id", "Statement"];
const STATEMENT_FIELDS: readonly string[] = ["Sid", "Effect", "Principal", "Action", "Resource"];
const OTHER_STATEMENT_FIELDS: readonly string[] = ["Condition", "NotPrincipal", "NotAction", "NotResource"];

function parseDocument(text: string): Readonly<Record<string, unknown>> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new S3Error("MalformedPolicy");
  }
  if (!isRecord(document)) throw new S3Error("MalformedPolicy");
  const unknown = Object.keys(document).find((name) => !DOCUMENT_FIELDS.includes(name));
  if (unknown !== undefined) throw malformed(`Unknown field ${unknown}`);
  const version = document["Version"];
  if (version !== undefined && version !== "2012-10-17" && version !== "2008-10-17") {
    throw malformed("The policy must contain a valid version string");
  }
  return document;
}

function parseStatement(statement: unknown, bucket: string): PublicRead {
  if (!isRecord(statement)) throw malformed("Statement is not valid");
  for (const name of Object.keys(statement)) {
    if (OTHER_STATEMENT_FIELDS.includes(name)) throw notImplemented(`policies with ${name}`);
    if (!STATEMENT_FIELDS.includes(name)) throw malformed(`Unknown field ${name}`);
  }
  const effect = statement["Effect"];
  if (effect === "Deny") throw notImplemented("policies with Effect Deny");
  if (effect !== "Allow") throw malformed(`Invalid effect: ${String(effect)}`);
  if (statement["Principal"] === undefined) throw malformed("Missing required field Principal");
  if (!isEverybody(statement["Principal"])) throw notImplemented("policies for a Principal other than *");

  const actions = texts(statement["Action"]);
  if (actions.length === 0) throw malformed("Missing required field Action");
  for (const action of actions) {
    if (!/^s3:[A-Za-z*?]+$/i.test(action)) throw malformed("Policy has invalid action");
    if (action.toLowerCase() !== "s3:getobject") throw notImplemented(`policies that allow ${action}`);
  }
  const resources = texts(statement["Resource"]);
  if (resources.length === 0) throw malformed("Missing required field Resource");
  return {
    resources: resources.map((resource) => {
      const name = resource.startsWith(ARN) ? resource.slice(ARN.length) : undefined;
      if (name === undefined || (name !== bucket && !name.startsWith(`${bucket}/`))) {
        throw malformed("Policy has invalid resource");
      }
      if (name === bucket) throw malformed("Action does not apply to any resource(s) in statement");
      return name;
    }),
  };
}

function isEverybody(principal: unknown): boolean {
  if (principal === "*") return true;
  return isRecord(principal) && Object.keys(principal).length === 1 && texts(principal["AWS"]).join() === "*";
}

function matchesPattern(pattern: string, text: string): boolean {
  const source = pattern.replace(/[\\^$.*+?()[\]{}|]/g, (character) =>
    character === "*" ? "[^]*" : character === "?" ? "[^]" : `\\${character}`,
  );
  return new RegExp(`^${source}$`, "u").test(text);
}

function malformed(message: string): S3Error {
  return new S3Error("MalformedPolicy", { message });
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function texts(value: unknown): readonly string[] {
  return listOf(value).map((item) => {
    if (typeof item !== "string") throw malformed("Policy has invalid values");
    return item;
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
