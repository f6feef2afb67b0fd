import type { Capabilities } from "@bucketferry/storage-core";
import type { StorageDriver } from "@bucketferry/storage-core/provider";
import { ensureBucket } from "./s3-bucket.ts";
import { check } from "./s3-check.ts";
import { s3Client } from "./s3-client.ts";
import { neighbourConfig, type S3Config } from "./s3-config.ts";
import type { S3Context } from "./s3-context.ts";
import { copyObject } from "./s3-copy.ts";
import { credentialSource } from "./s3-credentials.ts";
import { deleteBatch, deleteObject } from "./s3-delete.ts";
import { classify } from "./s3-errors.ts";
import { getObject, headObject } from "./s3-get.ts";
import { listPage } from "./s3-list.ts";
import { s3Multipart } from "./s3-multipart.ts";
import { presign } from "./s3-presign.ts";
import { putObject } from "./s3-put.ts";
import { s3Urls } from "./s3-urls.ts";
import { sdkClient } from "./sdk-client.ts";
import { sdkLane } from "./sdk-lane.ts";
import { http1Lane } from "./http1-lane.ts";

/** One bucket in S3's own terms. No request is made, and nothing opened, before the first call. */
export function s3Driver(config: S3Config): StorageDriver {
  const credentials = credentialSource(config);
  const sdk = sdkClient(config, credentials);
  const capabilities = capabilitiesOf(config);
  const neighbours = new Map<string, S3Context>();
  const neighbour = (bucket: string): S3Context => {
    const known = neighbours.get(bucket);
    if (known !== undefined) return known;
    const opened = contextOf(neighbourConfig(config, bucket));
    neighbours.set(bucket, opened);
    return opened;
  };
  const contextOf = (own: S3Config): S3Context => {
    const lane = own.lane === "sdk" ? sdkLane(own, sdk) : http1Lane(own);
    return {
      config: own,
      client: s3Client(own, credentials, lane),
      capabilities,
      bucketProof: { untilMs: 0 },
      neighbour,
    };
  };
  const context = contextOf(config);
  const { client } = context;
  const urls = s3Urls(config);

  return {
    name: "s3",
    bucket: config.bucket,
    capabilities,
    urlHosts: urls.hosts,
    put: (key, body, options) => putObject(context, key, body, options),
    get: (key, options) => getObject(context, key, options),
    head: (key, options) => headObject(context, key, options),
    delete: (key, options) => deleteObject(context, key, options),
    deleteBatch: (keys, options) => deleteBatch(context, keys, options),
    copy: (from, to, options) => copyObject(context, from, to, options),
    listPage: (options) => listPage(context, options),
    presign: (request) => presign({ config, clock: client.clock, credentials, sdk }, request),
    publicUrl: (key) => urls.publicUrl(key),
    parseUrl: (url) => urls.parseUrl(url),
    check: (options) => check(context, options),
    ensureBucket: (options) => ensureBucket(context, sdk, options),
    async close() {
      await Promise.all([client, ...Array.from(neighbours.values(), (one) => one.client)].map((one) => one.close()));
      sdk.close();
    },
    multipart: s3Multipart(context),
    classify: (error) => classify(error),
  };
}

function capabilitiesOf({ profile, limits, versioned }: S3Config): Capabilities {
  const { capabilities } = profile;
  const holds = !versioned || profile.conditionsWithVersions;
  return {
    ...capabilities,
    versions: versioned && capabilities.versions,
    conditionalPut: holds ? capabilities.conditionalPut : { create: false, replace: false },
    conditionalMultipart: holds ? capabilities.conditionalMultipart : { create: false, replace: false },
    maxPutBytes: limits.maxPutBytes,
    publicUrl: true,
  };
}
