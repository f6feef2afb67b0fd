import { createBucket, deleteBucket, getBucketLocation, headBucket, listBuckets } from "./bucket-operations.ts";
import type { Answer, BucketCall, Call, ObjectCall } from "./call.ts";
import {
  deleteBucketCors,
  deleteBucketLifecycle,
  deleteBucketPolicy,
  deletePublicAccessBlock,
  getBucketCors,
  getBucketLifecycle,
  getBucketPolicy,
  getBucketPolicyStatus,
  getPublicAccessBlock,
  putBucketCors,
  putBucketLifecycle,
  putBucketPolicy,
  putPublicAccessBlock,
} from "./configuration-operations.ts";
import { copyObject, uploadPartCopy } from "./copy-operations.ts";
import { listMultipartUploads, listObjects, listObjectsV2 } from "./list-operations.ts";
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  listParts,
  uploadPart,
} from "./multipart-operations.ts";
import { deleteObject, deleteObjects, getObject, headObject, putObject } from "./object-operations.ts";
import type { OperationName } from "./operation-names.ts";
import type { RequestTarget } from "./request-target.ts";
import { notImplemented, S3Error } from "./s3-error.ts";
import type { Action } from "./users.ts";

type Run<C> = (call: C) => Answer | Promise<Answer>;

/** One operation: how its requests look, what its caller has to be allowed, and what it does. */
export type Operation = {
  readonly name: OperationName;
  readonly method: string;
  /** Parameters that make it this operation: their names, or one `name=value`. */
  readonly when?: readonly string[];
  /** A header that makes it this operation. */
  readonly whenHeader?: string;
  /** Other parameters that it understands. */
  readonly takes?: readonly string[];
  /** Undefined: decided key by key; anybody but a stranger may ask. */
  readonly action: Action | undefined;
} & (
  | { readonly on: "service" | "bucketName"; readonly run: Run<Call> }
  | { readonly on: "bucket"; readonly run: Run<BucketCall> }
  | { readonly on: "object"; readonly run: Run<ObjectCall> }
);

const LIST = ["prefix", "delimiter", "max-keys", "encoding-type"];
const READ = [
  "versionId",
  "partNumber",
  "response-content-type",
  "response-content-language",
  "response-expires",
  "response-cache-control",
  "response-content-disposition",
  "response-content-encoding",
];

// Those with more conditions stand first: the first one that fits is the one.
const OPERATIONS: readonly Operation[] = [
  {
    name: "ListBuckets",
    method: "GET",
    on: "service",
    takes: ["prefix", "max-buckets", "continuation-token", "bucket-region"],
    action: "s3:ListAllMyBuckets",
    run: listBuckets,
  },

  {
    name: "GetBucketLocation",
    method: "GET",
    on: "bucket",
    when: ["location"],
    action: "s3:GetBucketLocation",
    run: getBucketLocation,
  },
  {
    name: "GetBucketCors",
    method: "GET",
    on: "bucket",
    when: ["cors"],
    action: "s3:GetBucketCORS",
    run: getBucketCors,
  },
  {
    name: "PutBucketCors",
    method: "PUT",
    on: "bucket",
    when: ["cors"],
    action: "s3:PutBucketCORS",
    run: putBucketCors,
  },
  {
    name: "DeleteBucketCors",
    method: "DELETE",
    on: "bucket",
    when: ["cors"],
    action: "s3:PutBucketCORS",
    run: deleteBucketCors,
  },
  {
    name: "GetBucketPolicy",
    method: "GET",
    on: "bucket",
    when: ["policy"],
    action: "s3:GetBucketPolicy",
    run: getBucketPolicy,
  },
  {
    name: "PutBucketPolicy",
    method: "PUT",
    on: "bucket",
    when: ["policy"],
    action: "s3:PutBucketPolicy",
    run: putBucketPolicy,
  },
  {
    name: "DeleteBucketPolicy",
    method: "DELETE",
    on: "bucket",
    when: ["policy"],
    action: "s3:DeleteBucketPolicy",
    run: deleteBucketPolicy,
  },
  {
    name: "GetBucketPolicyStatus",
    method: "GET",
    on: "bucket",
    when: ["policyStatus"],
    action: "s3:GetBucketPolicyStatus",
    run: getBucketPolicyStatus,
  },
  {
    name: "GetPublicAccessBlock",
    method: "GET",
    on: "bucket",
    when: ["publicAccessBlock"],
    action: "s3:GetBucketPublicAccessBlock",
    run: getPublicAccessBlock,
  },
  {
    name: "PutPublicAccessBlock",
    method: "PUT",
    on: "bucket",
    when: ["publicAccessBlock"],
    action: "s3:PutBucketPublicAccessBlock",
    run: putPublicAccessBlock,
  },
  {
    name: "DeletePublicAccessBlock",
    method: "DELETE",
    on: "bucket",
    when: ["publicAccessBlock"],
    action: "s3:PutBucketPublicAccessBlock",
    run: deletePublicAccessBlock,
  },
  {
    name: "GetBucketLifecycleConfiguration",
    method: "GET",
    on: "bucket",
    when: ["lifecycle"],
    action: "s3:GetLifecycleConfiguration",
    run: getBucketLifecycle,
  },
  {
    name: "PutBucketLifecycleConfiguration",
    method: "PUT",
    on: "bucket",
    when: ["lifecycle"],
    action: "s3:PutLifecycleConfiguration",
    run: putBucketLifecycle,
  },
  {
    name: "DeleteBucketLifecycle",
    method: "DELETE",
    on: "bucket",
    when: ["lifecycle"],
    action: "s3:PutLifecycleConfiguration",
    run: deleteBucketLifecycle,
  },
  {
    name: "ListMultipartUploads",
    method: "GET",
    on: "bucket",
    when: ["uploads"],
    takes: ["prefix", "delimiter", "encoding-type", "max-uploads", "key-marker", "upload-id-marker"],
    action: "s3:ListBucketMultipartUploads",
    run: listMultipartUploads,
  },
  { name: "DeleteObjects", method: "POST", on: "bucket", when: ["delete"], action: undefined, run: deleteObjects },
  {
    name: "ListObjectsV2",
    method: "GET",
    on: "bucket",
    when: ["list-type=2"],
    takes: [...LIST, "continuation-token", "start-after", "fetch-owner"],
    action: "s3:ListBucket",
    run: listObjectsV2,
  },
  {
    name: "ListObjects",
    method: "GET",
    on: "bucket",
    takes: [...LIST, "marker"],
    action: "s3:ListBucket",
    run: listObjects,
  },
  { name: "HeadBucket", method: "HEAD", on: "bucket", action: "s3:ListBucket", run: headBucket },
  { name: "CreateBucket", method: "PUT", on: "bucketName", action: "s3:CreateBucket", run: createBucket },
  { name: "DeleteBucket", method: "DELETE", on: "bucket", action: "s3:DeleteBucket", run: deleteBucket },

  {
    name: "UploadPartCopy",
    method: "PUT",
    on: "object",
    when: ["partNumber", "uploadId"],
    whenHeader: "x-amz-copy-source",
    action: "s3:PutObject",
    run: uploadPartCopy,
  },
  {
    name: "UploadPart",
    method: "PUT",
    on: "object",
    when: ["partNumber", "uploadId"],
    action: "s3:PutObject",
    run: uploadPart,
  },
  {
    name: "ListParts",
    method: "GET",
    on: "object",
    when: ["uploadId"],
    takes: ["max-parts", "part-number-marker"],
    action: "s3:ListMultipartUploadParts",
    run: listParts,
  },
  {
    name: "AbortMultipartUpload",
    method: "DELETE",
    on: "object",
    when: ["uploadId"],
    action: "s3:AbortMultipartUpload",
    run: abortMultipartUpload,
  },
  {
    name: "CompleteMultipartUpload",
    method: "POST",
    on: "object",
    when: ["uploadId"],
    action: "s3:PutObject",
    run: completeMultipartUpload,
  },
  {
    name: "CreateMultipartUpload",
    method: "POST",
    on: "object",
    when: ["uploads"],
    action: "s3:PutObject",
    run: createMultipartUpload,
  },
  {
    name: "CopyObject",
    method: "PUT",
    on: "object",
    whenHeader: "x-amz-copy-source",
    action: "s3:PutObject",
    run: copyObject,
  },
  { name: "PutObject", method: "PUT", on: "object", action: "s3:PutObject", run: putObject },
  { name: "GetObject", method: "GET", on: "object", takes: READ, action: "s3:GetObject", run: getObject },
  { name: "HeadObject", method: "HEAD", on: "object", takes: READ, action: "s3:GetObject", run: headObject },
  {
    name: "DeleteObject",
    method: "DELETE",
    on: "object",
    takes: ["versionId"],
    action: "s3:DeleteObject",
    run: deleteObject,
  },
];

const BY_METHOD_AND_SCOPE = Map.groupBy(
  OPERATIONS,
  ({ method, on }) => `${method} ${on === "bucketName" ? "bucket" : on}`,
);

/** Parameters that name a sub-resource of the API. Ignoring one turns `DELETE ?ownershipControls` into the deletion of a bucket. */
const SUBRESOURCES: ReadonlySet<string> = new Set([
  "accelerate", "acl", "analytics", "annotation", "append", "attributes", "cors", "delete", "encryption", "intelligent-tiering", "inventory",
  "legal-hold", "lifecycle", "location", "logging", "metadataConfiguration", "metadataTable", "metrics", "notification",
  "object-lock", "ownershipControls", "partNumber", "policy", "policyStatus", "publicAccessBlock", "renameObject",
  "replication", "requestPayment", "restore", "retention", "select", "select-type", "session", "tagging", "torrent", "uploadId",
  "uploads", "versioning", "versionId", "versions", "website", "abac",
]); // prettier-ignore

/** Says nothing about what to do: the SDK's name of the operation. */
const ALWAYS_TAKEN = /^(?:x-id|x-amz-.+)$/i;

/** The operation that a request asks for; what this server has no part for is refused. */
export function findOperation(
  method: string,
  target: RequestTarget,
  header: (name: string) => string | undefined,
): Operation {
  const scope = target.bucket === undefined ? "service" : target.key === undefined ? "bucket" : "object";
  const operation = BY_METHOD_AND_SCOPE.get(`${method} ${scope}`)?.find(
    ({ when = [], whenHeader }) =>
      when.every((condition) => fits(condition, target)) &&
      (whenHeader === undefined || header(whenHeader) !== undefined),
  );
  const known = new Set([...(operation?.when ?? []).map((each) => each.split("=")[0]), ...(operation?.takes ?? [])]);
  for (const [name, value] of target.query.pairs) {
    if (known.has(name) || ALWAYS_TAKEN.test(name)) continue;
    const reads = method === "GET" || method === "HEAD";
    // On a read, S3 ignores parameters that it does not know (`?v=2` of a cached link); an empty one may be a sub-resource of tomorrow.
    if (SUBRESOURCES.has(name) || value === "" || !reads) throw notImplemented(`the parameter ${name}`);
  }
  if (operation === undefined) throw new S3Error("MethodNotAllowed", { fields: { Method: method } });
  return operation;
}

function fits(condition: string, target: RequestTarget): boolean {
  const [name = "", value] = condition.split("=");
  return value === undefined ? target.query.has(name) : target.query.get(name) === value;
}
