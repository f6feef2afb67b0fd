/** Releases of Ceph RADOS Gateway that were asked: 16.2, 18.2 and 20.2. */
export const CEPH_RELEASES = ["ceph16", "ceph18", "ceph20"] as const;
export type CephRelease = (typeof CEPH_RELEASES)[number];

export interface Deviation {
  readonly seen: string;
  readonly on: readonly CephRelease[];
  /** What the local server does when it plays such a release: `alike`, unless the profile leaves this one out. */
  readonly inProfile: "alike" | "asAws";
}

const deviation =
  (inProfile: Deviation["inProfile"]) =>
  (seen: string, on: readonly CephRelease[] = CEPH_RELEASES): Deviation => ({ seen, on, inProfile });

const alike = deviation("alike");
const asAws = deviation("asAws");

const TO_18 = ["ceph16", "ceph18"] as const;
const NO_CHUNKED = alike("411 MissingContentLength: bodies in aws-chunked framing are not taken", ["ceph16"]);
const FRAMING = alike("16: 411 MissingContentLength; 18: aws-chunked is kept in Content-Encoding", TO_18);
const UNANNOUNCED = alike(
  "checksums are neither checked nor stored; 20 does both only if x-amz-sdk-checksum-algorithm names them",
);
const NO_CHECKSUMS = alike("checksums are neither checked nor stored", TO_18);
const NOT_IN_XML = alike("one key that XML 1.0 cannot hold makes a whole DeleteObjects fail with 400");

/**
 * Where Ceph RADOS Gateway does otherwise than AWS documents. A check that stops to fail has to leave this table; one
 * that is not in it has to pass.
 */
export const CEPH_DEVIATIONS: Readonly<Record<string, Deviation>> = {
  "bucket: GetBucketLocation of us-east-1 is empty": asAws('says "default", the name of its zone group'),
  "put: a stream with a length comes back, without a trace of its framing, WHEN_SUPPORTED": FRAMING,
  "put: an empty Buffer and an empty stream come back, WHEN_SUPPORTED": NO_CHUNKED,
  "put: a stream without a length is refused, by the SDK or with 411 or 501, WHEN_REQUIRED": asAws("taken", [
    "ceph18",
    "ceph20",
  ]),
  "get: Content-Encoding of a stream with default checksums has aws-chunked taken out": FRAMING,
  "conditional: PUT If-Match: right writes, wrong is PreconditionFailed": alike(
    "an ETag in quotes never matches",
    TO_18,
  ),
  "conditional: PUT If-Match on a missing key is NoSuchKey": alike("412 PreconditionFailed", TO_18),
  "conditional: CopyObject If-None-Match:* on an existing key is PreconditionFailed": alike("ignored: overwrites"),
  "conditional: DELETE If-Match: wrong is PreconditionFailed, right deletes": alike("ignored: deletes", TO_18),
  "metadata: ASCII comes back, with lower-case names": alike("underscores in names become dashes", ["ceph16"]),
  "metadata: UTF-8 bytes in a header come back as an RFC 2047 encoded word": alike("come back as they were sent"),
  "metadata: 2 KiB in all are kept, more is MetadataTooLarge": alike("no limit"),
  "checksum: CRC32: asked on PUT, given back by HEAD": UNANNOUNCED,
  "checksum: CRC32C: asked on PUT, given back by HEAD": UNANNOUNCED,
  "checksum: SHA1: asked on PUT, given back by HEAD": UNANNOUNCED,
  "checksum: SHA256: asked on PUT, given back by HEAD": UNANNOUNCED,
  "checksum: CRC64NVME: asked on PUT, given back by HEAD": UNANNOUNCED,
  "checksum: a wrong SHA-256 is refused with 400, and nothing is stored": UNANNOUNCED,
  "checksum: a wrong CRC32 is refused with 400, and nothing is stored": UNANNOUNCED,
  "checksum: a wrong checksum in a trailer is refused with 400, and nothing is stored": alike(
    "16: 411; 18: the trailer is not looked at",
    TO_18,
  ),
  "checksum: GetObjectAttributes: ETag, checksum, size": asAws(
    "16 and 18: 200 with the object's body, the sub-resource is not known; 20: no size",
  ),
  "checksum: an upload in parts with CRC32 has a composite checksum": alike(
    "16 and 18: neither checked nor stored; 20: FULL_OBJECT, if no type is asked for",
  ),
  "checksum: an upload in parts with a full-object CRC32 has the one of all its bytes": NO_CHECKSUMS,
  "checksum: an upload in parts with a full-object CRC32C has the one of all its bytes": NO_CHECKSUMS,
  "checksum: an upload in parts with a full-object CRC64NVME has the one of all its bytes": NO_CHECKSUMS,
  "key: key control \\x01: put, get, head, list, DeleteObjects": NOT_IN_XML,
  "key: key U+FFFE: put, get, head, list, DeleteObjects": NOT_IN_XML,
  "key: a key of 1025 bytes is KeyTooLongError": alike("400 InvalidObjectName"),
  "list: 1,005 objects come in pages of 1,000": alike("pages of up to 5,000, if asked", ["ceph20"]),
  "list: a token that nobody issued is InvalidArgument": alike("a token is a key, so any text is one"),
  "delete: DeleteObjects of 1,001 is MalformedXML": asAws("400 with an empty code"),
  "copy: CopySourceIfMatch that does not hold is PreconditionFailed": alike("ignored: copies", ["ceph16"]),
  "multipart: 5 MiB + 1 MiB: list parts, list uploads, complete, ETag with -2, metadata kept": alike(
    "the answer to Complete has an empty ETag (16), or one without quotes (18)",
    TO_18,
  ),
  "multipart: GET partNumber=1 is 206 with PartsCount 2": alike("200; 16 and 18 with the whole object"),
  "multipart: parts out of order are InvalidPartOrder": alike("taken as they come"),
  "multipart: after an abort, Complete is NoSuchUpload": alike("500 InternalError"),
  "multipart: after an abort, ListParts is NoSuchUpload": alike("404 NoSuchKey"),
  "multipart: a part number of 10001 is InvalidArgument": alike("taken"),
  "multipart: Complete with If-None-Match:* on an existing key is PreconditionFailed": alike(
    "ignored: overwrites",
    TO_18,
  ),
  "presign: PUT with an x-amz- header that is not signed is AccessDenied": asAws("200: taken unsigned", TO_18),
  "public: RestrictPublicBuckets makes an anonymous GET 403": alike("stored, but not enforced", TO_18),
  "public: after DeletePublicAccessBlock, GetPublicAccessBlock is 404": asAws("200 with everything off", ["ceph16"]),
  "public: OwnershipControls BucketOwnerEnforced come back": asAws("400: the sub-resource is not known"),
  "config: SSE AES256 on put is given back": asAws("400: not configured"),
  "config: StorageClass STANDARD_IA on put is given back": asAws("400: no such class is configured"),
  "auth: another region in the scope is AuthorizationHeaderMalformed": alike("any region is taken"),
  "auth: virtual-hosted style: the bucket is in the host": asAws(
    "the host is not looked at without a DNS name in its configuration",
  ),
};
