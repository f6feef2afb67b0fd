/** What the local server does when it plays Ceph: `alike`, unless the profile leaves this one out. */
export interface Deviation {
  readonly seen: string;
  readonly inProfile: "alike" | "asAws";
}

const alike = (seen: string): Deviation => ({ seen, inProfile: "alike" });
const asAws = (seen: string): Deviation => ({ seen, inProfile: "asAws" });

const NO_CHUNKED = alike("411 MissingContentLength: bodies in aws-chunked framing are not taken");
const NO_CHECKSUMS = alike("checksums are taken, but neither checked nor stored");
const NOT_IN_XML = asAws("one key that XML 1.0 cannot hold makes a whole DeleteObjects fail with 400");

/**
 * Where Ceph RADOS Gateway 16.2 does otherwise than AWS documents. A check that stops to fail has to leave this table;
 * one that is not in it has to pass.
 */
export const CEPH16_DEVIATIONS: Readonly<Record<string, Deviation>> = {
  "bucket: GetBucketLocation of us-east-1 is empty": asAws('says "default", the name of its zone group'),
  "put: a stream with a length comes back, without a trace of its framing, WHEN_SUPPORTED": NO_CHUNKED,
  "put: an empty Buffer and an empty stream come back, WHEN_SUPPORTED": NO_CHUNKED,
  "get: Content-Encoding of a stream with default checksums has aws-chunked taken out": NO_CHUNKED,
  "checksum: a wrong checksum in a trailer is refused with 400, and nothing is stored": NO_CHUNKED,
  "conditional: PUT If-Match: right writes, wrong is PreconditionFailed": alike("an ETag in quotes never matches"),
  "conditional: PUT If-Match on a missing key is NoSuchKey": alike("412 PreconditionFailed"),
  "conditional: CopyObject If-None-Match:* on an existing key is PreconditionFailed": alike("ignored: overwrites"),
  "conditional: DELETE If-Match: wrong is PreconditionFailed, right deletes": alike("ignored: deletes"),
  "metadata: ASCII comes back, with lower-case names": alike("underscores in names become dashes"),
  "metadata: UTF-8 bytes in a header come back as an RFC 2047 encoded word": asAws("come back as they were sent"),
  "metadata: 2 KiB in all are kept, more is MetadataTooLarge": alike("no limit"),
  "checksum: CRC32: asked on PUT, given back by HEAD": NO_CHECKSUMS,
  "checksum: CRC32C: asked on PUT, given back by HEAD": NO_CHECKSUMS,
  "checksum: SHA1: asked on PUT, given back by HEAD": NO_CHECKSUMS,
  "checksum: SHA256: asked on PUT, given back by HEAD": NO_CHECKSUMS,
  "checksum: CRC64NVME: asked on PUT, given back by HEAD": NO_CHECKSUMS,
  "checksum: a wrong SHA-256 is refused with 400, and nothing is stored": NO_CHECKSUMS,
  "checksum: a wrong CRC32 is refused with 400, and nothing is stored": NO_CHECKSUMS,
  "checksum: GetObjectAttributes: ETag, checksum, size": asAws(
    "200 with the object's body: the sub-resource is not known",
  ),
  "checksum: an upload in parts with CRC32 has a composite checksum": NO_CHECKSUMS,
  "checksum: an upload in parts with a full-object CRC32 has the one of all its bytes": NO_CHECKSUMS,
  "checksum: an upload in parts with a full-object CRC32C has the one of all its bytes": NO_CHECKSUMS,
  "checksum: an upload in parts with a full-object CRC64NVME has the one of all its bytes": NO_CHECKSUMS,
  "key: key control \\x01: put, get, head, list, DeleteObjects": NOT_IN_XML,
  "key: key U+FFFE: put, get, head, list, DeleteObjects": NOT_IN_XML,
  "key: a key of 1025 bytes is KeyTooLongError": alike("400 InvalidObjectName"),
  "list: a token that nobody issued is InvalidArgument": alike("a token is a key, so any text is one"),
  "delete: DeleteObjects of 1,001 is MalformedXML": asAws("400 with an empty code"),
  "copy: CopySourceIfMatch that does not hold is PreconditionFailed": alike("ignored: copies"),
  "multipart: 5 MiB + 1 MiB: list parts, list uploads, complete, ETag with -2, metadata kept": alike(
    "the answer to Complete has an empty ETag",
  ),
  "multipart: GET partNumber=1 is 206 with PartsCount 2": alike("200 with the whole object"),
  "multipart: parts out of order are InvalidPartOrder": alike("taken as they come"),
  "multipart: after an abort, Complete is NoSuchUpload": asAws("500 InternalError"),
  "multipart: after an abort, ListParts is NoSuchUpload": alike("404 NoSuchKey"),
  "multipart: a part number of 10001 is InvalidArgument": alike("taken"),
  "multipart: Complete with If-None-Match:* on an existing key is PreconditionFailed": alike("ignored: overwrites"),
  "presign: PUT with an x-amz- header that is not signed is AccessDenied": asAws("200: taken unsigned"),
  "public: RestrictPublicBuckets makes an anonymous GET 403": alike("stored, but not enforced"),
  "public: after DeletePublicAccessBlock, GetPublicAccessBlock is 404": asAws("200 with everything off"),
  "public: OwnershipControls BucketOwnerEnforced come back": asAws("400: the sub-resource is not known"),
  "config: SSE AES256 on put is given back": asAws("400: not configured"),
  "config: StorageClass STANDARD_IA on put is given back": asAws("400: no such class is configured"),
  "auth: another region in the scope is AuthorizationHeaderMalformed": alike("any region is taken"),
  "auth: virtual-hosted style: the bucket is in the host": asAws(
    "the host is not looked at without a DNS name in its configuration",
  ),
};
