import { createHash } from "node:crypto";
import { type Body, sliceBody } from "../store/index.ts";
import { type Answer, type ObjectCall, xmlAnswer } from "./call.ts";
import {
  type ChecksumAlgorithm,
  checksumDigest,
  checksumElement,
  isChecksumAlgorithm,
  type StoredChecksum,
} from "./checksums.ts";
import { findCopySource } from "./copy-source.ts";
import { readDescription } from "./description.ts";
import { findUpload, readPartNumber, storePart } from "./multipart-operations.ts";
import { quoted, xmlDate } from "./object-headers.ts";
import { checkReadable, refuseArchive } from "./archive.ts";
import { placeFor } from "./place-for.ts";
import { keepsChecksums } from "./profiles.ts";
import { invalidArgument, S3Error } from "./s3-error.ts";
import type { S3Object } from "./shape.ts";
import { checkWriteConditions, readWriteConditions } from "./write-conditions.ts";
import type { XmlFields } from "./xml.ts";

export async function copyObject(call: ObjectCall): Promise<Answer> {
  const { bucket, key, server } = call;
  const replace = readDirective(call) === "REPLACE";
  refuseArchive(call);
  const source = findCopySource(call, server.profile.conditions.copySource);
  checkReadable(source.object.attributes);
  const algorithm = readAlgorithm(call);
  if (source.bucket === bucket.name && source.key === key && !replace && algorithm === undefined) {
    throw new S3Error("InvalidRequest", {
      message:
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    });
  }
  demandCopyable(call, source.object.body);
  const { copy } = server.profile.conditions;
  const conditions = readWriteConditions(call, { ifNoneMatch: copy, ifMatch: copy });
  const description = replace ? readDescription(call) : source.object.attributes;
  checkWriteConditions(call, conditions, bucket.object(key));

  using _held = server.store.hold(source.object.body);
  const { etag, checksum } = await contentOf(call, source.object, algorithm);
  checkWriteConditions(call, conditions, bucket.object(key));
  const copied = placeFor(server, bucket, key).putObject(key, source.object.body, {
    headers: description.headers,
    metadata: description.metadata,
    etag,
    ...(checksum === undefined ? {} : { checksum }),
  });
  await server.store.sync();
  return xmlAnswer("CopyObjectResult", {
    LastModified: xmlDate(copied.modifiedAtMs),
    ETag: server.profile.copyEtag === "quoted" ? quoted(etag) : etag,
    ...checksumFields(checksum),
  });
}

export async function uploadPartCopy(call: ObjectCall): Promise<Answer> {
  const number = readPartNumber(call);
  const upload = findUpload(call);
  const { object } = findCopySource(call, call.server.profile.conditions.partCopySource);
  const range = readCopyRange(call, object.body.size);
  const body = sliceBody(object.body, range.start, range.end);
  demandCopyable(call, body);
  using _held = call.server.store.hold(body);
  const digests = await digestsOf(call, body, upload.attributes.checksum?.algorithm);
  const part = storePart(call, number, body, digests);
  await call.server.store.sync();
  return xmlAnswer("CopyPartResult", {
    LastModified: xmlDate(part.modifiedAtMs),
    ETag: quoted(part.attributes.etag),
    ...checksumFields(digests.checksum),
  });
}

function demandCopyable({ server }: ObjectCall, { size }: Body): void {
  const { maxBodyBytes } = server.profile;
  if (size <= maxBodyBytes) return;
  throw new S3Error("InvalidRequest", {
    message: `The specified copy source is larger than the maximum allowable size for a copy source: ${maxBodyBytes}`,
  });
}

function checksumFields(checksum: StoredChecksum | undefined): XmlFields {
  if (checksum === undefined) return {};
  return { [checksumElement(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type };
}

function readDirective(call: ObjectCall): "COPY" | "REPLACE" {
  const directive = call.header("x-amz-metadata-directive") ?? "COPY";
  if (directive === "COPY" || directive === "REPLACE") return directive;
  throw invalidArgument("x-amz-metadata-directive", directive, "Unknown metadata directive.");
}

function readAlgorithm(call: ObjectCall): ChecksumAlgorithm | undefined {
  const name = call.header("x-amz-checksum-algorithm")?.toLowerCase();
  if (name === undefined || !keepsChecksums(call.server.profile)) return undefined;
  if (!isChecksumAlgorithm(name)) {
    throw new S3Error("InvalidRequest", { message: "Checksum algorithm provided is unsupported." });
  }
  return name;
}

interface Digests {
  readonly etag: string;
  readonly checksum: StoredChecksum | undefined;
}

/** ETag and checksum of a copy: it is one piece, so what was made of parts is computed anew. */
async function contentOf(
  call: ObjectCall,
  source: S3Object,
  algorithm: ChecksumAlgorithm | undefined,
): Promise<Digests> {
  const { etag, checksum, parts } = source.attributes;
  const wanted = algorithm ?? checksum?.algorithm;
  const keepsChecksum = wanted === checksum?.algorithm && checksum?.type !== "COMPOSITE";
  if (parts === undefined && keepsChecksum) return { etag, checksum };
  return digestsOf(call, source.body, wanted);
}

async function digestsOf(call: ObjectCall, body: Body, algorithm: ChecksumAlgorithm | undefined): Promise<Digests> {
  const md5 = createHash("md5");
  const digest = algorithm === undefined ? undefined : checksumDigest(algorithm);
  for await (const chunk of call.server.store.read(body)) {
    md5.update(chunk);
    digest?.update(chunk);
  }
  return {
    etag: md5.digest("hex"),
    checksum: algorithm && digest && { algorithm, value: digest.digest().toString("base64"), type: "FULL_OBJECT" },
  };
}

/** Unlike Range, this one has both ends, and both lie within the source. */
function readCopyRange(call: ObjectCall, size: number): { readonly start: number; readonly end: number } {
  const header = call.header("x-amz-copy-source-range");
  if (header === undefined) return { start: 0, end: size };
  const match = /^bytes=(\d+)-(\d+)$/.exec(header);
  const start = Number(match?.[1]);
  const end = Number(match?.[2]) + 1;
  if (match === null || start >= end) {
    throw invalidArgument(
      "x-amz-copy-source-range",
      header,
      "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
    );
  }
  if (end > size) {
    throw invalidArgument(
      "x-amz-copy-source-range",
      header,
      `Range specified is not valid for source object of size: ${size}`,
    );
  }
  return { start, end };
}
