import { createHash } from "node:crypto";
import type { Authenticator } from "./authentication.ts";
import type { Answer, ServerContext } from "./call.ts";
import { checkMetadataSize, metadataName } from "./description.ts";
import { readForm, type UploadForm } from "./form-data.ts";
import { checkKey } from "./key.ts";
import { isAllowed } from "./access.ts";
import { quoted } from "./object-headers.ts";
import { encodePath } from "./percent-encoding.ts";
import { placeFor } from "./place-for.ts";
import { checkPostPolicy, lengthLimits, parsePostPolicy } from "./post-policy.ts";
import { invalidArgument, notImplemented, S3Error } from "./s3-error.ts";
import type { S3Bucket } from "./shape.ts";

/** A form that a browser posts: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html */
export interface PostRequest {
  readonly server: ServerContext;
  readonly authenticator: Authenticator;
  readonly bucket: S3Bucket;
  readonly host: string;
  readonly contentType: string | undefined;
  readonly bytes: AsyncIterable<Uint8Array>;
}

const KEPT = [
  "cache-control",
  "content-type",
  "content-disposition",
  "content-encoding",
  "content-language",
  "expires",
];
const KNOWN =
  /^(?:key|bucket|policy|file|success_action_(?:status|redirect)|redirect|x-amz-(?:algorithm|credential|date|signature|security-token)|x-amz-meta-.+|x-ignore-.+)$/;

export async function postObject(request: PostRequest): Promise<Answer> {
  const { server, bucket } = request;
  const form = await readForm(request.bytes, request.contentType);
  const fields = new Map(form.fields).set("bucket", bucket.name);
  const { min, max } = authorize(request, fields);
  const key = objectKey(server, form);
  const headers = readHeaders(fields);
  const metadata = readMetadata(fields, server.profile.maxMetadataBytes);

  const md5 = createHash("md5");
  async function* measured(): AsyncGenerator<Uint8Array> {
    let size = 0;
    for await (const chunk of form.file) {
      size += chunk.byteLength;
      if (size > max) throw sizeError("EntityTooLarge", size, max);
      md5.update(chunk);
      yield chunk;
    }
    if (size < min) throw sizeError("EntityTooSmall", size, min);
  }
  using received = await server.store.receive(measured());
  const etag = md5.digest("hex");
  placeFor(server, bucket, key).putObject(key, received.body, { headers, metadata, etag });
  await server.store.sync();
  return formAnswer(request, fields, key, etag);
}

/** Who made the policy, whether the form fits it, and how long the file may be. */
function authorize(
  { server, authenticator, bucket }: PostRequest,
  fields: ReadonlyMap<string, string>,
): { readonly min: number; readonly max: number } {
  const base64 = fields.get("policy");
  if (base64 === undefined) throw new S3Error("AccessDenied");
  const user = authenticator.authenticateForm({
    algorithm: fields.get("x-amz-algorithm"),
    credential: fields.get("x-amz-credential"),
    date: fields.get("x-amz-date"),
    signature: fields.get("x-amz-signature"),
    securityToken: fields.get("x-amz-security-token"),
    policy: base64,
  });
  const policy = parsePostPolicy(base64);
  checkPostPolicy(policy, fields, server.clock());
  const identity = { user, payloadHash: undefined, presigned: false, chunks: undefined };
  if (!isAllowed(server, identity, "s3:PutObject", bucket.name, fields.get("key"))) throw new S3Error("AccessDenied");
  for (const name of fields.keys()) {
    if (!KNOWN.test(name) && !KEPT.includes(name)) throw notImplemented(`the form field ${name}`);
  }
  const limits = lengthLimits(policy);
  return { min: limits.min, max: Math.min(limits.max, server.profile.maxBodyBytes) };
}

function objectKey(server: ServerContext, form: UploadForm): string {
  const key = form.fields.get("key");
  if (key === undefined || key === "") {
    throw invalidArgument(
      "key",
      "",
      "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.",
    );
  }
  const name = form.fileName.split(/[/\\]/).at(-1) ?? "";
  const full = key.replaceAll("${filename}", name);
  checkKey(full, server.profile);
  return full;
}

function readHeaders(fields: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  const headers: Record<string, string> = { "content-type": "binary/octet-stream" };
  for (const name of KEPT) {
    const value = fields.get(name);
    if (value !== undefined && value !== "") headers[name] = value;
  }
  return headers;
}

function readMetadata(fields: ReadonlyMap<string, string>, maxBytes: number): Readonly<Record<string, string>> {
  const metadata = Object.fromEntries(
    [...fields].flatMap(([field, value]) => {
      const name = metadataName(field);
      return name === undefined ? [] : [[name, value]];
    }),
  );
  checkMetadataSize(metadata, maxBytes);
  return metadata;
}

function formAnswer(
  { bucket, host }: PostRequest,
  fields: ReadonlyMap<string, string>,
  key: string,
  etag: string,
): Answer {
  const location = `http://${host}/${bucket.name}/${encodePath(key)}`;
  const headers = { etag: quoted(etag), location };
  const redirect = fields.get("success_action_redirect") ?? fields.get("redirect");
  if (redirect !== undefined && URL.canParse(redirect)) {
    const url = new URL(redirect);
    url.searchParams.set("bucket", bucket.name);
    url.searchParams.set("key", key);
    url.searchParams.set("etag", quoted(etag));
    return { status: 303, headers: { ...headers, location: url.href } };
  }
  switch (fields.get("success_action_status")) {
    case "200":
      return { status: 200, headers };
    case "201":
      return {
        status: 201,
        headers,
        body: {
          kind: "xml",
          root: "PostResponse",
          fields: { Location: location, Bucket: bucket.name, Key: key, ETag: quoted(etag) },
        },
      };
    default:
      return { status: 204, headers };
  }
}

function sizeError(code: "EntityTooLarge" | "EntityTooSmall", size: number, limit: number): S3Error {
  const field = code === "EntityTooLarge" ? "MaxSizeAllowed" : "MinSizeAllowed";
  return new S3Error(code, { fields: { ProposedSize: String(size), [field]: String(limit) } });
}
