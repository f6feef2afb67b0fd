import type { Identity } from "./authentication.ts";
import type { PageSize } from "./page-sizes.ts";
import type { Profile } from "./profiles.ts";
import type { RequestBody } from "./request-body.ts";
import type { Query, RequestTarget } from "./request-target.ts";
import type { S3Bucket, S3Store } from "./shape.ts";
import type { BodyReader } from "../store/index.ts";
import type { Action } from "./users.ts";
import type { XmlFields } from "./xml.ts";

/** What all requests of one server share. */
export interface ServerContext {
  readonly store: S3Store;
  readonly profile: Profile;
  readonly region: string;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** `BUCKET/PREFIX` that everybody may read, whatever the bucket's settings say: what a CDN in front would serve. */
  readonly publicPrefixes: readonly string[];
  /** Of the listings of objects. */
  readonly pageSize: PageSize;
}

/** One request that is allowed to do what it asks for. */
export interface Call {
  readonly server: ServerContext;
  readonly target: RequestTarget;
  readonly query: Query;
  readonly identity: Identity;
  /** By lower-case name; of a presigned request also the `x-amz-…` that were moved into its query. */
  header(name: string): string | undefined;
  /** All headers, in the same sense. */
  readonly headers: ReadonlyMap<string, string>;
  /** Reads the claims about the body; to be called once. */
  body(): RequestBody;
  /** Whether whoever asks may do something else too. */
  may(action: Action, bucket: string, key?: string): boolean;
}

export interface BucketCall extends Call {
  readonly bucket: S3Bucket;
}

export interface ObjectCall extends BucketCall {
  readonly key: string;
}

export type Headers = Readonly<Record<string, string | undefined>>;

/** An answer that is not an error. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Headers;
  readonly body?: AnswerBody;
}

export type AnswerBody =
  | { readonly kind: "xml"; readonly root: string; readonly fields: XmlFields | string }
  | { readonly kind: "text"; readonly text: string; readonly type: string }
  | { readonly kind: "bytes"; readonly reader: BodyReader };

export function xmlAnswer(root: string, fields: XmlFields | string, headers: Headers = {}): Answer {
  return { headers, body: { kind: "xml", root, fields } };
}

export const NO_CONTENT: Answer = { status: 204 };
