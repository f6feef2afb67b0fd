/**
 * Checks of features that the local S3 server leaves out on purpose. It has to refuse them in so many words: whatever
 * passed silently here would pass until the day it meets the real service.
 */
export const LEFT_OUT: Readonly<Record<string, "NotImplemented" | "AccessControlListNotSupported">> = {
  "metadata: object tags: on put, read, replaced": "NotImplemented",
  "checksum: GetObjectAttributes: ETag, checksum, size": "NotImplemented",
  // What AWS answers on every bucket made since April 2023, unless its owner turns ACLs on.
  "public: a put with ACL public-read lets everybody read it": "AccessControlListNotSupported",
  "public: PutObjectAcl private ends it": "NotImplemented",
  "public: GetObjectAcl": "NotImplemented",
  "public: OwnershipControls BucketOwnerEnforced come back": "NotImplemented",
  "config: versioning: two versions, ListObjectVersions, delete marker, GET by VersionId": "NotImplemented",
  "config: versioning: removing the marker brings the object back": "NotImplemented",
  "config: bucket tags come back": "NotImplemented",
  "config: SSE AES256 on put is given back": "NotImplemented",
  "config: StorageClass STANDARD_IA on put is given back": "NotImplemented",
  "config: Object Lock of a bucket without it is ObjectLockConfigurationNotFoundError": "NotImplemented",
  "config: bucket notification configuration can be read": "NotImplemented",
};
