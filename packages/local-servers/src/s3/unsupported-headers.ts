import { ARCHIVES } from "./archive.ts";
import type { Call } from "./call.ts";
import { notImplemented, S3Error } from "./s3-error.ts";

/** `x-amz-…` headers of the features that this server has; a pattern of the whole name. */
const KNOWN =
  /^x-amz-(?:date|content-sha256|security-token|user-agent|decoded-content-length|trailer|sdk-checksum-algorithm|checksum-.+|mp-object-size|meta-.+|copy-source(?:-range|-if-.+)?|metadata-directive|request-payer|optional-object-attributes|expected-bucket-owner|source-expected-bucket-owner|algorithm|credential|signature|signedheaders|expires)$/;

/** Headers that ask for nothing more than what this server does anyway; an archive is what PUT knows, and others refuse. */
const HARMLESS: Readonly<Record<string, readonly string[]>> = {
  "x-amz-storage-class": ["STANDARD", ...ARCHIVES],
  "x-amz-tagging-directive": ["COPY"],
  "x-amz-object-ownership": ["BucketOwnerEnforced"],
  "x-amz-bucket-object-lock-enabled": ["false"],
  "x-amz-acl": ["bucket-owner-full-control"],
};

/** A header that is not understood changes what the request means, so it is refused instead of dropped. */
export function refuseUnsupportedHeaders(call: Call, blocksPublicAcls: boolean): void {
  for (const [name, value] of call.headers) {
    if (!name.startsWith("x-amz-") || KNOWN.test(name) || HARMLESS[name]?.includes(value) === true) continue;
    if (name === "x-amz-acl" || name.startsWith("x-amz-grant-")) throw aclRefusal(call, value, blocksPublicAcls);
    throw notImplemented(name);
  }
}

function aclRefusal(call: Call, value: string, blocksPublicAcls: boolean): S3Error {
  if (call.server.profile.acls === "notImplemented") return notImplemented("x-amz-acl");
  if (blocksPublicAcls && value.startsWith("public-")) return new S3Error("AccessDenied");
  return new S3Error("AccessControlListNotSupported");
}
