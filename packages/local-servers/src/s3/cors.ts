import { S3Error } from "./s3-error.ts";
import { childrenOf, childText, parseXml, type XmlFields } from "./xml.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html */
export interface CorsRule {
  readonly id?: string;
  readonly allowedMethods: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly allowedHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAgeSeconds?: number;
}

const METHODS: readonly string[] = ["GET", "PUT", "HEAD", "POST", "DELETE"];
const MAX_RULES = 100;

export function parseCors(xml: string): readonly CorsRule[] {
  const rules = childrenOf(parseXml(xml, "CORSConfiguration"), "CORSRule").map((rule): CorsRule => {
    const texts = (name: string): readonly string[] => childrenOf(rule, name).map((element) => element.text);
    const id = childText(rule, "ID");
    const maxAge = childText(rule, "MaxAgeSeconds");
    const seconds = Number(maxAge);
    if (maxAge !== undefined && !Number.isSafeInteger(seconds)) throw new S3Error("MalformedXML");
    const allowedMethods = texts("AllowedMethod");
    const allowedOrigins = texts("AllowedOrigin");
    const allowedHeaders = texts("AllowedHeader");
    if (allowedMethods.length === 0 || allowedOrigins.length === 0) throw new S3Error("MalformedXML");
    for (const method of allowedMethods) {
      if (!METHODS.includes(method)) {
        throw new S3Error("InvalidRequest", {
          message: `Found unsupported HTTP method in CORS config. Unsupported method is ${method}`,
        });
      }
    }
    for (const pattern of [...allowedOrigins, ...allowedHeaders]) {
      if (pattern.split("*").length > 2) {
        throw new S3Error("InvalidRequest", {
          message: `AllowedOrigin "${pattern}" can not have more than one wildcard.`,
        });
      }
    }
    return {
      allowedMethods,
      allowedOrigins,
      allowedHeaders,
      exposeHeaders: texts("ExposeHeader"),
      ...(id === undefined ? {} : { id }),
      ...(maxAge === undefined ? {} : { maxAgeSeconds: seconds }),
    };
  });
  if (rules.length === 0 || rules.length > MAX_RULES) throw new S3Error("MalformedXML");
  return rules;
}

export function corsFields(rules: readonly CorsRule[]): XmlFields {
  return {
    CORSRule: rules.map((rule) => ({
      ID: rule.id,
      AllowedHeader: rule.allowedHeaders,
      AllowedMethod: rule.allowedMethods,
      AllowedOrigin: rule.allowedOrigins,
      ExposeHeader: rule.exposeHeaders,
      MaxAgeSeconds: rule.maxAgeSeconds,
    })),
  };
}

export interface CorsRequest {
  readonly origin: string;
  readonly method: string;
  /** Lower-case; empty for a request that is no preflight. */
  readonly headers: readonly string[];
}

/** The first rule that allows the request; undefined: none does. */
export function matchCors(rules: readonly CorsRule[], request: CorsRequest): CorsRule | undefined {
  return rules.find(
    (rule) =>
      rule.allowedMethods.includes(request.method) &&
      rule.allowedOrigins.some((pattern) => matchesWildcard(pattern, request.origin)) &&
      request.headers.every((header) =>
        rule.allowedHeaders.some((pattern) => matchesWildcard(pattern.toLowerCase(), header)),
      ),
  );
}

/** Headers of an answer that a browser's page of this origin may read. */
export function corsHeaders(rule: CorsRule, request: CorsRequest): Readonly<Record<string, string>> {
  const anyone = rule.allowedOrigins.includes("*");
  return {
    "access-control-allow-origin": anyone ? "*" : request.origin,
    ...(anyone ? {} : { "access-control-allow-credentials": "true" }),
    "access-control-allow-methods": rule.allowedMethods.join(", "),
    ...(request.headers.length === 0 ? {} : { "access-control-allow-headers": request.headers.join(", ") }),
    ...(rule.exposeHeaders.length === 0 ? {} : { "access-control-expose-headers": rule.exposeHeaders.join(", ") }),
    ...(rule.maxAgeSeconds === undefined ? {} : { "access-control-max-age": String(rule.maxAgeSeconds) }),
    vary: "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
  };
}

function matchesWildcard(pattern: string, text: string): boolean {
  const star = pattern.indexOf("*");
  if (star === -1) return pattern === text;
  const head = pattern.slice(0, star);
  const tail = pattern.slice(star + 1);
  return text.length >= head.length + tail.length && text.startsWith(head) && text.endsWith(tail);
}
