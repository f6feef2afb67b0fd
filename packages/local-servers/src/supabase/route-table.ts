import { failures } from "./api-error.ts";
import * as buckets from "./buckets.ts";
import * as download from "./download.ts";
import { type Handler, type Service, sendJson } from "./exchange.ts";
import { listV1 } from "./list-v1.ts";
import { listV2 } from "./list-v2.ts";
import { copyObject, moveObject } from "./move-copy.ts";
import { removeObject, removeObjects } from "./remove.ts";
import type { Access, Route } from "./routes.ts";
import { signDownload, signDownloads, signUpload } from "./sign.ts";
import { tusRoutes } from "./tus.ts";
import { createObject, replaceObject, uploadToSignedUrl } from "./upload.ts";

const status: Handler = ({ response }) => {
  response.writeHead(200, { "content-length": "0" });
  response.end();
};

const VERSIONS = { "1.11": "1.11.13", "1.25": "1.25.7", "1.70": "1.70.6", "1.80": "1.80.0" } as const;

const version: Handler = ({ response }, { settings }) => {
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
  response.end(VERSIONS[settings.release]);
};

const health: Handler = ({ response }) => sendJson(response, 200, { healthy: true });

const purgeCdn: Handler = () => {
  throw failures.missingParameter("CDN_PURGE_ENDPOINT_URL not set");
};

/** Every route of the service, relative to `/storage/v1`. A fixed segment goes before a bucket of that name. */
export function routeTable(service: Service): readonly Route[] {
  const route = (method: string, pattern: string, access: Access, handler: Handler): Route => ({
    method,
    pattern,
    access,
    handler,
  });
  return [
    route("GET", "/status", "none", status),
    route("GET", "/version", "none", version),
    route("GET", "/health", "bare", health),
    route("DELETE", "/cdn/:bucket/*", "required", purgeCdn),

    route("GET", "/bucket", "required", buckets.listBuckets),
    route("GET", "/bucket/", "required", buckets.listBuckets),
    route("POST", "/bucket", "required", buckets.createBucket),
    route("POST", "/bucket/", "required", buckets.createBucket),
    route("GET", "/bucket/:id", "required", buckets.getBucket),
    route("PUT", "/bucket/:id", "required", buckets.updateBucket),
    route("DELETE", "/bucket/:id", "required", buckets.deleteBucket),
    route("POST", "/bucket/:id/empty", "required", buckets.emptyBucket),

    route("POST", "/object/list/:bucket", "required", listV1),
    // Where it is unknown, the path is that of an upload into a bucket of this name.
    ...(service.settings.release === "1.11" ? [] : [route("POST", "/object/list-v2/:bucket", "required", listV2)]),
    route("POST", "/object/move", "required", moveObject),
    route("POST", "/object/copy", "required", copyObject),

    route("POST", "/object/sign/:bucket/*", "required", signDownload),
    route("POST", "/object/sign/:bucket", "required", signDownloads),
    route("POST", "/object/upload/sign/:bucket/*", "required", signUpload),
    route("PUT", "/object/upload/sign/:bucket/*", "none", uploadToSignedUrl),

    route("GET", "/object/sign/:bucket/*", "none", download.getSignedObject),
    route("HEAD", "/object/sign/:bucket/*", "none", download.headSignedObject),
    route("GET", "/object/public/:bucket/*", "none", download.getPublicObject),
    route("HEAD", "/object/public/:bucket/*", "none", download.headPublicObject),
    route("GET", "/object/authenticated/:bucket/*", "required", download.getObject),
    route("HEAD", "/object/authenticated/:bucket/*", "required", download.headObject),
    route("GET", "/object/info/public/:bucket/*", "none", download.getPublicObjectInfo),
    route("GET", "/object/info/authenticated/:bucket/*", "required", download.getObjectInfo),
    route("GET", "/object/info/:bucket/*", "optional", download.getObjectInfo),

    route("GET", "/object/:bucket/*", "optional", download.getObject),
    route("HEAD", "/object/:bucket/*", "optional", download.headObject),
    route("POST", "/object/:bucket/*", "required", createObject),
    route("PUT", "/object/:bucket/*", "required", replaceObject),
    route("DELETE", "/object/:bucket/*", "required", removeObject),
    route("DELETE", "/object/:bucket", "required", removeObjects),

    ...tusRoutes(service),
  ];
}
