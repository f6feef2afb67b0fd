import { checkReadable, readArchive } from "./archive.ts";
import { sliceBody } from "../store/index.ts";
import { parseRange } from "./byte-range.ts";
import { type Answer, type BucketCall, type Headers, NO_CONTENT, type ObjectCall, xmlAnswer } from "./call.ts";
import { judgeRead, judgeWrite } from "./conditions.ts";
import { checkWriteConditions, readWriteConditions } from "./write-conditions.ts";
import { readDescription } from "./description.ts";
import { checksumHeaders, objectHeaders, quoted } from "./object-headers.ts";
import { placeFor } from "./place-for.ts";
import { demandDigest } from "./request-body.ts";
import { invalidArgument, notImplemented, S3Error } from "./s3-error.ts";
import type { S3Object } from "./shape.ts";
import { isUnpacked, unpacked, unpackedHeaders } from "./transcoding.ts";
import { childrenOf, childText, parseXml, type XmlElement } from "./xml.ts";

export async function putObject(call: ObjectCall): Promise<Answer> {
  const { bucket, key, server } = call;
  const { conditions: support } = server.profile;
  const conditions = readWriteConditions(call, { ifNoneMatch: support.putIfNoneMatch, ifMatch: support.putIfMatch });
  const description = readDescription(call);
  const archive = readArchive(call);
  const body = call.body();
  demandDigest(body, server.profile, "Put Object");
  // What fails now also fails before the client has sent gigabytes; what decides is the second look below.
  checkWriteConditions(call, conditions, bucket.object(key));
  using received = await server.store.receive(body.bytes);
  const { md5, checksum } = body.digests();
  checkWriteConditions(call, conditions, bucket.object(key));
  const object = placeFor(server, bucket, key).putObject(key, received.body, {
    ...description,
    etag: md5,
    ...(checksum === undefined ? {} : { checksum }),
    ...(archive === undefined ? {} : { archive }),
  });
  await server.store.sync();
  return { headers: { etag: quoted(md5), ...checksumHeaders(object) } };
}

export function getObject(call: ObjectCall): Answer {
  return readObject(call, "withBody");
}

export function headObject(call: ObjectCall): Answer {
  return readObject(call, "headersOnly");
}

function readObject(call: ObjectCall, form: "withBody" | "headersOnly"): Answer {
  const object = findObject(call);
  const headers = { ...objectHeaders(call, object), ...responseOverrides(call) };
  const verdict = judgeRead(
    {
      ifMatch: call.header("if-match"),
      ifNoneMatch: call.header("if-none-match"),
      ifModifiedSince: call.header("if-modified-since"),
      ifUnmodifiedSince: call.header("if-unmodified-since"),
    },
    { etag: object.attributes.etag, modifiedAtMs: object.modifiedAtMs },
  );
  if (verdict === "preconditionFailed") throw new S3Error("PreconditionFailed");
  if (verdict === "notModified") {
    return { status: 304, headers: { etag: headers.etag, "last-modified": headers["last-modified"] } };
  }
  if (isUnpacked(call, object)) {
    const answer = { headers: unpackedHeaders(headers) };
    if (form === "headersOnly") return answer;
    return { ...answer, body: { kind: "bytes", reader: unpacked(call.server.store.read(object.body)) } };
  }
  const { start, end, status, extra } = selectBytes(call, object);
  const length = { "content-length": String(end - start) };
  const checksums = status === 206 && extra["x-amz-mp-parts-count"] === undefined ? withoutChecksums(headers) : headers;
  const answer = { status, headers: { ...checksums, ...extra, ...length } };
  if (form === "headersOnly") {
    const isUntold = end === start && call.server.profile.emptyLength === "untold";
    return isUntold ? { status, headers: { ...checksums, ...extra } } : answer;
  }
  checkReadable(object.attributes);
  return { ...answer, body: { kind: "bytes", reader: call.server.store.read(sliceBody(object.body, start, end)) } };
}

/** A checksum of the whole says nothing of a range of it, and clients would compare the two. */
function withoutChecksums(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith("x-amz-checksum-")));
}

interface Selection {
  readonly start: number;
  readonly end: number;
  readonly status: 200 | 206;
  readonly extra: Headers;
}

function selectBytes(call: ObjectCall, object: S3Object): Selection {
  const size = object.body.size;
  const whole: Selection = { start: 0, end: size, status: 200, extra: {} };
  const partNumber = call.query.get("partNumber");
  const rangeHeader = call.header("range");
  if (partNumber !== undefined && call.server.profile.partReads) {
    if (rangeHeader !== undefined) {
      throw new S3Error("InvalidRequest", {
        message: "Cannot specify both Range header and partNumber query parameter",
      });
    }
    return selectPart(object, partNumber);
  }
  const range = parseRange(rangeHeader, size);
  if (range === undefined) return whole;
  if (range === "unsatisfiable") {
    throw new S3Error("InvalidRange", {
      fields: { RangeRequested: rangeHeader ?? "", ActualObjectSize: String(size) },
      headers: { "content-range": `bytes */${size}` },
    });
  }
  return { ...range, status: 206, extra: { "content-range": contentRange(range.start, range.end, size) } };
}

function selectPart(object: S3Object, partNumber: string): Selection {
  const number = Number(partNumber);
  if (!Number.isInteger(number) || number < 1) {
    throw invalidArgument("partNumber", partNumber, "Part number must be an integer between 1 and 10000, inclusive");
  }
  const { size } = object.body;
  const sizes = object.attributes.parts?.sizes ?? [size];
  const length = sizes[number - 1];
  if (length === undefined) {
    throw new S3Error("InvalidPartNumber", {
      fields: { PartNumberRequested: partNumber, ActualPartCount: String(sizes.length) },
    });
  }
  const start = sizes.slice(0, number - 1).reduce((sum, each) => sum + each, 0);
  return {
    start,
    end: start + length,
    status: 206,
    extra: {
      ...(size === 0 ? {} : { "content-range": contentRange(start, start + length, size) }),
      ...(object.attributes.parts === undefined ? {} : { "x-amz-mp-parts-count": String(sizes.length) }),
    },
  };
}

function contentRange(start: number, end: number, size: number): string {
  return `bytes ${start}-${end - 1}/${size}`;
}

const OVERRIDES = [
  ["response-content-type", "content-type"],
  ["response-content-language", "content-language"],
  ["response-expires", "expires"],
  ["response-cache-control", "cache-control"],
  ["response-content-disposition", "content-disposition"],
  ["response-content-encoding", "content-encoding"],
] as const;

function responseOverrides(call: ObjectCall): Headers {
  const asked = OVERRIDES.filter(([parameter]) => call.query.has(parameter));
  if (asked.length > 0 && call.identity.user === undefined) {
    throw new S3Error("InvalidRequest", {
      message: "Request specific response headers cannot be used for anonymous GET requests.",
    });
  }
  return Object.fromEntries(asked.map(([parameter, header]) => [header, call.query.get(parameter)]));
}

/** The object, or the refusal that its reader may see: without the right to list, a missing key looks forbidden. */
function findObject(call: ObjectCall): S3Object {
  refuseVersion(call.query.get("versionId"));
  const object = call.bucket.object(call.key);
  if (object !== undefined) return object;
  if (!call.may("s3:ListBucket", call.bucket.name)) throw new S3Error("AccessDenied");
  throw new S3Error("NoSuchKey", { fields: { Key: call.key } });
}

/** Without versioning there is one version, whose id is `null`. */
export function refuseVersion(versionId: string | undefined): void {
  if (versionId !== undefined && versionId !== "null") throw notImplemented("versionId");
}

export async function deleteObject(call: ObjectCall): Promise<Answer> {
  const { bucket, key, server } = call;
  refuseVersion(call.query.get("versionId"));
  const conditions = readWriteConditions(call, {
    ifNoneMatch: "notImplemented",
    ifMatch: server.profile.conditions.delete,
  });
  const object = bucket.object(key);
  checkWriteConditions(call, conditions, object);
  if (object === undefined && server.profile.missingDeletes === "refused") throw new S3Error("NoSuchKey");
  bucket.deleteObject(key);
  await server.store.sync();
  return NO_CONTENT;
}

const MAX_DELETES = 1000;
/** Characters and references that XML 1.0 does not have: https://www.w3.org/TR/xml/#charsets */
const OUTSIDE_XML =
  /&#(?:x0*(?:[0-8bcef]|1[0-9a-f]|fff[ef])|0*(?:[0-8]|1[124-9]|2\d|3[01]));|[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/i;

export async function deleteObjects(call: BucketCall): Promise<Answer> {
  const body = call.body();
  if (!body.hasIntegrity) {
    throw new S3Error("InvalidRequest", {
      message: "Missing required header for this request: Content-MD5 OR x-amz-checksum-*",
    });
  }
  const text = await body.text();
  if (call.server.profile.deletesOutsideXml === "refused" && OUTSIDE_XML.test(text)) throw new S3Error("MalformedXML");
  const root = parseXml(text, "Delete");
  const objects = childrenOf(root, "Object");
  if (objects.length === 0 || objects.length > MAX_DELETES) throw new S3Error("MalformedXML");
  const quiet = childText(root, "Quiet") === "true";
  const outcomes = objects.map((object) => deleteOne(call, object));
  await call.server.store.sync();
  return xmlAnswer("DeleteResult", {
    Deleted: quiet ? [] : outcomes.filter(({ error }) => error === undefined).map(({ key }) => ({ Key: key })),
    Error: outcomes.flatMap(({ key, error }) =>
      error === undefined ? [] : [{ Key: key, Code: error.code, Message: error.message }],
    ),
  });
}

function deleteOne(call: BucketCall, element: XmlElement): { readonly key: string; readonly error?: S3Error } {
  const key = childText(element, "Key");
  if (key === undefined || key === "") throw new S3Error("MalformedXML");
  try {
    if (!call.may("s3:DeleteObject", call.bucket.name, key)) throw new S3Error("AccessDenied");
    refuseVersion(childText(element, "VersionId"));
    const etag = childText(element, "ETag");
    const object = call.bucket.object(key);
    const current = object && { etag: object.attributes.etag, modifiedAtMs: object.modifiedAtMs };
    if (etag !== undefined && judgeWrite({ ifMatch: etag, ifNoneMatch: undefined }, current) !== "proceed") {
      throw new S3Error(object === undefined ? "NoSuchKey" : "PreconditionFailed");
    }
    if (object === undefined && call.server.profile.missingDeletes === "refused") throw new S3Error("AccessDenied");
    call.bucket.deleteObject(key);
    return { key };
  } catch (error) {
    if (error instanceof S3Error) return { key, error };
    throw error;
  }
}
