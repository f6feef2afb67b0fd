import { compareUtf8, listPage, type PageEntry } from "../store/index.ts";
import { type Answer, type BucketCall, xmlAnswer } from "./call.ts";
import { readEncoding, readLimit } from "./list-parameters.ts";
import { formatToken, parseToken } from "./list-token.ts";
import { quoted, xmlDate } from "./object-headers.ts";
import { OWNER } from "./owner.ts";
import { invalidArgument } from "./s3-error.ts";
import type { ObjectAttributes, S3Upload } from "./shape.ts";
import type { XmlFields } from "./xml.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
export function listObjectsV2(call: BucketCall): Answer {
  const { bucket, query, server } = call;
  const encode = readEncoding(call);
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const startAfter = query.get("start-after");
  const token = query.get("continuation-token");
  const limit = readLimit(call, "max-keys", server.profile.maxListKeys, 1000);
  if (token === "") throw invalidArgument("continuation-token", "", "The continuation token provided is incorrect");
  const opaque = server.profile.tokens === "opaque";
  const position = token === undefined || !opaque ? token : parseToken(bucket.name, token);
  const cut = server.profile.tokens === "keysUpToColon" ? position?.replace(/:[^]*/, "") : position;
  const after = cut ?? startAfter ?? "";
  // The token of an empty page would be the one that the request came with, which is why only the first page can be empty.
  const least = token === undefined && opaque ? 0 : 1;
  const given = Math.min(limit, Math.max(least, server.pageSize(limit)));
  const page = listPage(bucket, { prefix, delimiter, after, limit: given });
  const last = page.entries.at(-1)?.name ?? after;
  const truncated = page.truncated && limit > 0;
  return xmlAnswer("ListBucketResult", {
    Name: bucket.name,
    Prefix: encode(prefix),
    Delimiter: delimiter === "" ? undefined : encode(delimiter),
    MaxKeys: limit,
    EncodingType: query.get("encoding-type"),
    StartAfter: startAfter === undefined ? undefined : encode(startAfter),
    ContinuationToken: token,
    NextContinuationToken: truncated ? (opaque ? formatToken(bucket.name, last) : last) : undefined,
    KeyCount: page.entries.length,
    IsTruncated: truncated,
    Contents: contentsOf(page.entries, encode, query.get("fetch-owner") === "true"),
    CommonPrefixes: prefixesOf(page.entries, encode),
  });
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html */
export function listObjects(call: BucketCall): Answer {
  const { bucket, query, server } = call;
  const encode = readEncoding(call);
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const marker = query.get("marker") ?? "";
  const limit = readLimit(call, "max-keys", server.profile.maxListKeys, 1000);
  const given = Math.min(limit, Math.max(1, server.pageSize(limit)));
  const page = listPage(bucket, { prefix, delimiter, after: marker, limit: given });
  const last = page.entries.at(-1)?.name ?? "";
  const truncated = page.truncated && limit > 0;
  return xmlAnswer("ListBucketResult", {
    Name: bucket.name,
    Prefix: encode(prefix),
    Marker: encode(marker),
    // Without a delimiter the last key is the marker, and S3 does not say it twice.
    NextMarker: truncated && delimiter !== "" ? encode(last) : undefined,
    Delimiter: delimiter === "" ? undefined : encode(delimiter),
    MaxKeys: limit,
    EncodingType: query.get("encoding-type"),
    IsTruncated: truncated,
    Contents: contentsOf(page.entries, encode, true),
    CommonPrefixes: prefixesOf(page.entries, encode),
  });
}

function contentsOf(
  entries: readonly PageEntry<ObjectAttributes>[],
  encode: (name: string) => string,
  withOwner: boolean,
): readonly XmlFields[] {
  return entries.flatMap((entry) => {
    if (entry.kind !== "object") return [];
    const { attributes, body, modifiedAtMs } = entry.object;
    return [
      {
        Key: encode(entry.name),
        LastModified: xmlDate(modifiedAtMs),
        ETag: quoted(attributes.etag),
        ...(attributes.checksum === undefined
          ? {}
          : { ChecksumAlgorithm: attributes.checksum.algorithm.toUpperCase(), ChecksumType: attributes.checksum.type }),
        Size: body.size,
        Owner: withOwner ? OWNER : undefined,
        StorageClass: attributes.archive ?? "STANDARD",
      },
    ];
  });
}

function prefixesOf(
  entries: readonly PageEntry<ObjectAttributes>[],
  encode: (name: string) => string,
): readonly XmlFields[] {
  return entries.flatMap((entry) => (entry.kind === "prefix" ? [{ Prefix: encode(entry.name) }] : []));
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html */
export function listMultipartUploads(call: BucketCall): Answer {
  const { bucket, query, server } = call;
  const encode = readEncoding(call);
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const keyMarker = query.get("key-marker") ?? "";
  // Without a key the id alone means nothing.
  const idMarker = keyMarker === "" ? "" : (query.get("upload-id-marker") ?? "");
  const limit = readLimit(call, "max-uploads", 1000);

  const rows: ({ readonly upload: S3Upload } | { readonly prefix: string })[] = [];
  let truncated = false;
  const isWholeKey = prefix !== "" && server.profile.uploadPrefix === "wholeKey";
  const matching = bucket.uploads().filter(({ key }) => (isWholeKey ? key === prefix : key.startsWith(prefix)));
  // The upload that a marker names may have been ended since: then the others of its key are given again, not lost.
  const markerIndex = matching.findIndex((upload) => upload.key === keyMarker && upload.id === idMarker);
  const isBehind = (upload: S3Upload, index: number): boolean => {
    if (markerIndex !== -1) return index <= markerIndex;
    const order = compareUtf8(upload.key, keyMarker);
    return keyMarker !== "" && (order < 0 || (order === 0 && idMarker === ""));
  };
  for (const [index, upload] of matching.entries()) {
    if (isBehind(upload, index)) continue;
    const cut = delimiter === "" ? -1 : upload.key.indexOf(delimiter, prefix.length);
    const shared = cut === -1 ? undefined : upload.key.slice(0, cut + delimiter.length);
    const lastRow = rows.at(-1);
    if (shared !== undefined) {
      if (keyMarker.startsWith(shared) || (lastRow !== undefined && "prefix" in lastRow && lastRow.prefix === shared))
        continue;
    }
    if (rows.length === limit) {
      truncated = limit > 0;
      break;
    }
    rows.push(shared === undefined ? { upload } : { prefix: shared });
  }
  const last = rows.at(-1);
  return xmlAnswer("ListMultipartUploadsResult", {
    Bucket: bucket.name,
    KeyMarker: encode(keyMarker),
    UploadIdMarker: idMarker,
    NextKeyMarker:
      truncated && last !== undefined ? encode("upload" in last ? last.upload.key : last.prefix) : undefined,
    NextUploadIdMarker: truncated && last !== undefined && "upload" in last ? last.upload.id : undefined,
    Prefix: encode(prefix),
    Delimiter: delimiter === "" ? undefined : encode(delimiter),
    EncodingType: query.get("encoding-type"),
    MaxUploads: limit,
    IsTruncated: truncated,
    Upload: rows.flatMap((row) =>
      "upload" in row
        ? [
            {
              Key: encode(row.upload.key),
              UploadId: row.upload.id,
              Initiator: OWNER,
              Owner: OWNER,
              StorageClass: "STANDARD",
              Initiated: xmlDate(row.upload.startedAtMs),
              ...(row.upload.attributes.checksum === undefined
                ? {}
                : {
                    ChecksumAlgorithm: row.upload.attributes.checksum.algorithm.toUpperCase(),
                    ChecksumType: row.upload.attributes.checksum.type,
                  }),
            },
          ]
        : [],
    ),
    CommonPrefixes: rows.flatMap((row) => ("prefix" in row ? [{ Prefix: encode(row.prefix) }] : [])),
  });
}
