import { validate } from "./body-schema.ts";
import { checkWrite } from "./commit-object.ts";
import { type Handler, header, param, sendJson, type Service } from "./exchange.ts";
import { readJsonBody } from "./json-body.ts";
import { mayObject, visibleObject } from "./visible-object.ts";
import { lifetime } from "./signed-token.ts";
import { signToken } from "./web-token.ts";

const ONE = {
  type: "object",
  required: ["expiresIn"],
  properties: { expiresIn: { type: "integer", minimum: 1 } },
} as const;

const MANY = {
  type: "object",
  required: ["expiresIn", "paths"],
  properties: {
    expiresIn: { type: "integer", minimum: 1 },
    paths: { type: "array", items: { type: "string" }, minItems: 1, maxItems: 1000 },
  },
} as const;

const NOT_FOUND = "Either the object does not exist or you do not have access to it";

/**
 * The object is looked up by the decoded path, but the token names the path as `decodeURI` leaves it: escapes of
 * `;/?:@&=+$,#` stay. So a URL signed here for a key that needs them is refused when it is used.
 */
export const signDownload: Handler = async (exchange, service) => {
  const { expiresIn } = validate(ONE, await readJsonBody(exchange.request), "body");
  visibleObject(service, exchange.caller, param(exchange, "bucket"), param(exchange, "*"));
  const url = decodeURI(exchange.path.path.split("/").slice(3).join("/"));
  sendJson(exchange.response, 200, { signedURL: signedDownloadUrl(service, url, expiresIn) });
};

/** Every path gets an entry, and the answer is a success whatever they say. */
export const signDownloads: Handler = async (exchange, service) => {
  const { expiresIn, paths } = validate(MANY, await readJsonBody(exchange.request), "body");
  const bucket = param(exchange, "bucket");
  const entries = paths.map((path) => {
    const row = service.rows.object(bucket, path);
    if (row === undefined || !mayObject(service, exchange.caller, "select", bucket, row)) {
      return { error: NOT_FOUND, path, signedURL: null };
    }
    return { error: null, path, signedURL: signedDownloadUrl(service, `${bucket}/${path}`, expiresIn) };
  });
  sendJson(exchange.response, 200, entries);
};

/** The lifetime is the server's to choose. */
export const signUpload: Handler = (exchange, service) => {
  const bucket = param(exchange, "bucket");
  const key = param(exchange, "*");
  const upsert = header(exchange.request, "x-upsert") === "true";
  checkWrite(service, exchange.caller, { bucket, key, upsert });
  const url = `${bucket}/${key}`;
  const owner = exchange.caller.sub;
  const token = signToken(
    {
      url,
      upsert,
      scope: "upload",
      ...(owner === undefined ? {} : { owner }),
      ...lifetime(service, service.settings.uploadUrlLifetimeSeconds),
    },
    service.settings.jwtSecret,
  );
  sendJson(exchange.response, 200, { url: `/object/upload/sign/${url}?token=${token}`, token });
};

/** Relative to the base of the service, and not percent-encoded. */
function signedDownloadUrl(service: Service, url: string, expiresInSeconds: number): string {
  const claims = { url, scope: "download", ...lifetime(service, expiresInSeconds) };
  return `/object/sign/${url}?token=${signToken(claims, service.settings.jwtSecret)}`;
}
