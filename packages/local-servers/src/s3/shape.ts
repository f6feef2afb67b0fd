import type { ObjectStore, StoredObject, StoredUpload, StoreShape } from "../store/index.ts";
import type * as store from "../store/index.ts";
import type { ChecksumAlgorithm, ChecksumType, StoredChecksum } from "./checksums.ts";
import type { CorsRule } from "./cors.ts";
import type { PublicAccessBlock } from "./public-access-block.ts";

/** What the S3 server keeps beside the bytes. */
export interface S3Shape extends StoreShape {
  bucket: {
    readonly cors?: readonly CorsRule[];
    /** The policy document as it was put. */
    readonly policy?: string;
    readonly publicAccessBlock?: PublicAccessBlock;
    /** Rules as XML; they are stored and given back, and nothing expires. */
    readonly lifecycle?: string;
  };
  object: ObjectAttributes;
  upload: UploadAttributes;
  part: PartAttributes;
}

/** What a client said of an object's content. */
export interface Description {
  /** Standard headers that are kept: lower-case name, value. */
  readonly headers: Readonly<Record<string, string>>;
  /** User metadata without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ObjectAttributes extends Description {
  /** Without quotes. */
  readonly etag: string;
  readonly checksum?: StoredChecksum;
  /** Storage class of an object that cannot be read before it is restored. */
  readonly archive?: string;
  /** Of an object that was uploaded in parts: their sizes, and the upload that made it. */
  readonly parts?: { readonly sizes: readonly number[]; readonly uploadId: string };
}

export interface UploadAttributes extends Description {
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType };
}

export interface PartAttributes {
  readonly etag: string;
  readonly checksum?: StoredChecksum;
}

export type S3Store = ObjectStore<S3Shape>;
export type S3Bucket = store.Bucket<S3Shape>;
export type S3Object = StoredObject<ObjectAttributes>;
export type S3Upload = StoredUpload<UploadAttributes, PartAttributes>;
