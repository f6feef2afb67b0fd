import { refuseArchive } from "./archive.ts";
import { createHash } from "node:crypto";
import { type Body, joinBodies, type StoredPart } from "../store/index.ts";
import { type Answer, NO_CONTENT, type ObjectCall, xmlAnswer } from "./call.ts";
import {
  canCombine,
  type ChecksumAlgorithm,
  checksumDigest,
  checksumElement,
  checksumHeader,
  type ChecksumType,
  combineCrcs,
  isChecksumAlgorithm,
  type StoredChecksum,
} from "./checksums.ts";
import { readDescription } from "./description.ts";
import { quoted, xmlDate } from "./object-headers.ts";
import { OWNER } from "./owner.ts";
import { encodePath } from "./percent-encoding.ts";
import { placeFor } from "./place-for.ts";
import { keepsChecksums } from "./profiles.ts";
import { demandDigest } from "./request-body.ts";
import { invalidArgument, S3Error } from "./s3-error.ts";
import type { PartAttributes, S3Object, S3Upload, UploadAttributes } from "./shape.ts";
import { checkWriteConditions, readWriteConditions } from "./write-conditions.ts";
import { childrenOf, childText, parseXml, type XmlElement } from "./xml.ts";
import { readLimit } from "./list-parameters.ts";

const MAX_PARTS = 10_000;
const MIN_PART_BYTES = 5 * 1024 * 1024;

type Part = StoredPart<PartAttributes>;

export async function createMultipartUpload(call: ObjectCall): Promise<Answer> {
  refuseArchive(call);
  const checksum = readUploadChecksum(call);
  const upload = call.bucket.beginUpload(call.key, {
    ...readDescription(call),
    ...(checksum === undefined ? {} : { checksum }),
  });
  await call.server.store.sync();
  return xmlAnswer(
    "InitiateMultipartUploadResult",
    { Bucket: call.bucket.name, Key: call.key, UploadId: upload.id },
    checksum === undefined
      ? {}
      : { "x-amz-checksum-algorithm": checksum.algorithm.toUpperCase(), "x-amz-checksum-type": checksum.type },
  );
}

/** Which types an algorithm has; the first is the default. */
const CHECKSUM_TYPES: Readonly<Record<ChecksumAlgorithm, readonly ChecksumType[]>> = {
  crc32: ["COMPOSITE", "FULL_OBJECT"],
  crc32c: ["COMPOSITE", "FULL_OBJECT"],
  crc64nvme: ["FULL_OBJECT"],
  sha1: ["COMPOSITE"],
  sha256: ["COMPOSITE"],
};

function readUploadChecksum(call: ObjectCall): UploadAttributes["checksum"] {
  const algorithm = call.header("x-amz-checksum-algorithm")?.toLowerCase();
  const type = call.header("x-amz-checksum-type")?.toUpperCase();
  if (algorithm === undefined || !keepsChecksums(call.server.profile)) return undefined;
  if (!isChecksumAlgorithm(algorithm)) {
    throw new S3Error("InvalidRequest", { message: "Checksum algorithm provided is unsupported." });
  }
  const types = CHECKSUM_TYPES[algorithm];
  const usual = types.find((candidate) => candidate === call.server.profile.checksumTypeOfParts) ?? types[0];
  const chosen = type === undefined ? usual : types.find((candidate) => candidate === type);
  if (chosen === undefined) {
    throw new S3Error("InvalidRequest", {
      message: `The ${type} checksum type cannot be used with the ${algorithm} checksum algorithm.`,
    });
  }
  return { algorithm, type: chosen };
}

export function readPartNumber(call: ObjectCall): number {
  const text = call.query.get("partNumber") ?? "";
  const number = /^\d+$/.test(text) ? Number(text) : 0;
  if (number < 1 || (number > MAX_PARTS && call.server.profile.partNumbersLimited)) {
    throw invalidArgument("partNumber", text, "Part number must be an integer between 1 and 10000, inclusive");
  }
  return number;
}

/** The upload of this id, if it is one of this key. */
export function findUpload(
  call: ObjectCall,
  codeOfMissing: "NoSuchUpload" | "InternalError" = "NoSuchUpload",
): S3Upload {
  const id = call.query.get("uploadId") ?? "";
  const upload = call.bucket.upload(id);
  if (upload?.key !== call.key) throw new S3Error(codeOfMissing, { fields: { UploadId: id } });
  return upload;
}

export async function uploadPart(call: ObjectCall): Promise<Answer> {
  const number = readPartNumber(call);
  const upload = findUpload(call);
  const body = call.body();
  demandDigest(body, call.server.profile, "Put Part");
  using received = await call.server.store.receive(body.bytes);
  const { md5, checksum } = body.digests();
  const expected = upload.attributes.checksum?.algorithm;
  // Amazon S3 refuses one also when the upload named none: https://github.com/apache/arrow-rs/issues/6793
  const isForeign = expected !== undefined || call.server.profile.checksums === "verified";
  if (isForeign && expected !== checksum?.algorithm) {
    throw new S3Error("InvalidRequest", {
      message: `Checksum Type mismatch occurred, expected checksum Type: ${expected ?? "null"}, actual checksum Type: ${checksum?.algorithm ?? "null"}`,
    });
  }
  storePart(call, number, received.body, { etag: md5, checksum });
  await call.server.store.sync();
  return {
    headers: {
      etag: quoted(md5),
      ...(checksum === undefined ? {} : { [checksumHeader(checksum.algorithm)]: checksum.value }),
    },
  };
}

/** The upload may have ended while the bytes came in. */
export function storePart(
  call: ObjectCall,
  number: number,
  body: Body,
  digests: { readonly etag: string; readonly checksum: StoredChecksum | undefined },
): Part {
  const { id } = findUpload(call);
  const { etag, checksum } = digests;
  const part = placeFor(call.server, call.bucket, call.key).putPart(id, number, body, {
    etag,
    ...(checksum === undefined ? {} : { checksum }),
  });
  if (part === undefined) throw new S3Error("NoSuchUpload", { fields: { UploadId: id } });
  return part;
}

export function listParts(call: ObjectCall): Answer {
  const { profile } = call.server;
  const upload = call.bucket.upload(call.query.get("uploadId") ?? "");
  if (upload?.key !== call.key) throw new S3Error(profile.listPartsOfMissing);
  const limit = readLimit(call, "max-parts", 1000);
  const marker = readLimit(call, "part-number-marker", Number.MAX_SAFE_INTEGER, 0);
  const rest = [...upload.parts.values()]
    .filter((part) => part.number > marker)
    .toSorted((a, b) => a.number - b.number);
  const page = rest.slice(0, limit);
  const truncated = page.length < rest.length;
  const { checksum } = upload.attributes;
  return xmlAnswer("ListPartsResult", {
    Bucket: call.bucket.name,
    Key: call.key,
    UploadId: upload.id,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: limit,
    IsTruncated: truncated,
    Initiator: OWNER,
    Owner: OWNER,
    StorageClass: "STANDARD",
    ChecksumAlgorithm: checksum?.algorithm.toUpperCase(),
    ChecksumType: checksum?.type,
    Part: page.map((part) => ({
      PartNumber: part.number,
      LastModified: xmlDate(part.modifiedAtMs),
      ETag: quoted(part.attributes.etag),
      Size: profile.partSizes === "told" ? part.body.size : undefined,
      ...partChecksumFields(part),
    })),
  });
}

function partChecksumFields({ attributes: { checksum } }: Part): Readonly<Record<string, string>> {
  return checksum === undefined ? {} : { [checksumElement(checksum.algorithm)]: checksum.value };
}

export async function abortMultipartUpload(call: ObjectCall): Promise<Answer> {
  call.bucket.abortUpload(findUpload(call).id);
  await call.server.store.sync();
  return NO_CONTENT;
}

export async function completeMultipartUpload(call: ObjectCall): Promise<Answer> {
  const { bucket, key, server } = call;
  const { complete } = server.profile.conditions;
  const conditions = readWriteConditions(call, { ifNoneMatch: complete, ifMatch: complete });
  const document = parseXml(await call.body().text(), "CompleteMultipartUpload");
  const named = childrenOf(document, "Part");
  if (named.length === 0 || named.length > MAX_PARTS) throw new S3Error("MalformedXML");

  // From here to the end nothing waits, so nobody comes between the look and the deed.
  const repeated = completedBefore(call);
  if (repeated !== undefined) return completeAnswer(call, repeated);
  const upload = findUpload(call, server.profile.completeOfMissing);
  const parts = chooseParts(call, upload, named);
  const body = joinBodies(parts.map((part) => part.body));
  checkAnnouncedSize(call, body.size);
  const checksum = wholeChecksum(call, upload, parts);
  checkWriteConditions(call, conditions, bucket.object(key));
  const object = placeFor(server, bucket, key).completeUpload(upload.id, body, {
    headers: upload.attributes.headers,
    metadata: upload.attributes.metadata,
    etag: multipartEtag(parts),
    parts: { sizes: parts.map((part) => part.body.size), uploadId: upload.id },
    ...(checksum === undefined ? {} : { checksum }),
  });
  if (object === undefined) throw new S3Error(server.profile.completeOfMissing, { fields: { UploadId: upload.id } });
  await server.store.sync();
  return completeAnswer(call, object);
}

/** An answer to Complete that was lost is asked for again; S3 gives it again instead of "no such upload". */
function completedBefore(call: ObjectCall): S3Object | undefined {
  const object = call.bucket.object(call.key);
  return object?.attributes.parts?.uploadId === call.query.get("uploadId") ? object : undefined;
}

function completeAnswer(call: ObjectCall, object: S3Object): Answer {
  const { etag, checksum } = object.attributes;
  const forms = { quoted: quoted(etag), unquoted: etag, empty: "" };
  return xmlAnswer("CompleteMultipartUploadResult", {
    Location: `http://${call.header("host") ?? ""}/${call.bucket.name}/${encodePath(call.key)}`,
    Bucket: call.bucket.name,
    Key: call.key,
    ETag: forms[call.server.profile.completeEtag],
    ...(checksum === undefined
      ? {}
      : { [checksumElement(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type }),
  });
}

function chooseParts(call: ObjectCall, upload: S3Upload, named: readonly XmlElement[]): readonly Part[] {
  const { profile } = call.server;
  const numbers = named.map((element) => {
    const number = Number(childText(element, "PartNumber"));
    if (!Number.isInteger(number) || childText(element, "ETag") === undefined) throw new S3Error("MalformedXML");
    return number;
  });
  const ascending = numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0));
  if (!ascending && profile.partOrderChecked) throw new S3Error("InvalidPartOrder");

  const parts = named.map((element, index) => choosePart(upload, element, numbers[index] ?? 0));
  parts.slice(0, -1).forEach((part) => checkPartSize(part));
  const [first] = parts;
  const unequal = parts.slice(0, -1).some((part) => part.body.size !== first?.body.size);
  if (profile.equalParts && unequal) {
    throw new S3Error("InvalidPart", { message: "All non-trailing parts must have the same length." });
  }
  if (upload.attributes.checksum?.type === "COMPOSITE" && numbers.some((number, index) => number !== index + 1)) {
    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html: consecutive, or a 500.
    throw new S3Error("InternalError");
  }
  return parts;
}

function choosePart(upload: S3Upload, element: XmlElement, number: number): Part {
  const part = upload.parts.get(number);
  const etag = childText(element, "ETag") ?? "";
  if (part === undefined || etag.replace(/^"(.*)"$/, "$1") !== part.attributes.etag) {
    throw new S3Error("InvalidPart", { fields: { UploadId: upload.id, PartNumber: String(number), ETag: etag } });
  }
  const { checksum } = upload.attributes;
  if (checksum === undefined) return part;
  const claimed = childText(element, checksumElement(checksum.algorithm));
  if (claimed === undefined && checksum.type === "COMPOSITE") {
    throw new S3Error("InvalidRequest", {
      message: `The upload was created using a ${checksum.algorithm} checksum. The complete request must include the checksum for each part. It was missing for part ${number} in the request.`,
    });
  }
  if (claimed !== undefined && claimed !== part.attributes.checksum?.value) {
    throw new S3Error("InvalidPart", { fields: { UploadId: upload.id, PartNumber: String(number), ETag: etag } });
  }
  return part;
}

function checkPartSize(part: Part): void {
  if (part.body.size >= MIN_PART_BYTES) return;
  throw new S3Error("EntityTooSmall", {
    message: "Your proposed upload is smaller than the minimum allowed size",
    fields: {
      ETag: part.attributes.etag,
      MinSizeAllowed: String(MIN_PART_BYTES),
      ProposedSize: String(part.body.size),
      PartNumber: String(part.number),
    },
  });
}

function checkAnnouncedSize(call: ObjectCall, size: number): void {
  const announced = call.header("x-amz-mp-object-size");
  if (announced !== undefined && Number(announced) !== size) {
    throw new S3Error("InvalidRequest", {
      message: `The provided 'x-amz-mp-object-size' header value ${announced} does not match what was computed: ${size}`,
    });
  }
}

function wholeChecksum(call: ObjectCall, upload: S3Upload, parts: readonly Part[]): StoredChecksum | undefined {
  const { checksum } = upload.attributes;
  if (checksum === undefined) return undefined;
  const { algorithm, type } = checksum;
  const values = parts.map((part) => ({ value: part.attributes.checksum?.value ?? "", size: part.body.size }));
  const value =
    type === "FULL_OBJECT" && canCombine(algorithm)
      ? combineCrcs(algorithm, values)
      : compositeChecksum(algorithm, values);
  const claimed = call.header(checksumHeader(algorithm));
  if (claimed !== undefined && claimed !== value) {
    throw new S3Error("BadDigest", {
      message: `The ${algorithm} you specified did not match the calculated checksum.`,
    });
  }
  return { algorithm, value, type };
}

function compositeChecksum(algorithm: ChecksumAlgorithm, parts: readonly { readonly value: string }[]): string {
  const digest = checksumDigest(algorithm);
  for (const { value } of parts) digest.update(Buffer.from(value, "base64"));
  return `${digest.digest().toString("base64")}-${parts.length}`;
}

function multipartEtag(parts: readonly Part[]): string {
  const md5 = createHash("md5");
  for (const part of parts) md5.update(Buffer.from(part.attributes.etag, "hex"));
  return `${md5.digest("hex")}-${parts.length}`;
}
