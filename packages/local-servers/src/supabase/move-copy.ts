import { randomUUID } from "node:crypto";
import { failures } from "./api-error.ts";
import { validate } from "./body-schema.ts";
import { checkWrite, fileTime } from "./commit-object.ts";
import { type Handler, header, isBefore, type Release, sendJson, type Service } from "./exchange.ts";
import { readJsonBody } from "./json-body.ts";
import { checkKey, checkKeyForBackend } from "./names.ts";
import { fullRecord } from "./object-record.ts";
import { deniedByPolicy } from "./policies.ts";
import type { BucketRow, JsonObject, ObjectColumns, ObjectRow } from "./rows.ts";
import { parseMetadataHeader } from "./user-metadata.ts";
import { mayObject, visibleRow } from "./visible-object.ts";

const PLACES = {
  bucketId: { type: "string" },
  sourceKey: { type: "string" },
  destinationKey: { type: "string" },
  destinationBucket: { type: "string" },
} as const;

const MOVE = { type: "object", required: ["bucketId", "sourceKey", "destinationKey"], properties: PLACES } as const;

const COPY = {
  type: "object",
  required: ["bucketId", "sourceKey", "destinationKey"],
  properties: {
    ...PLACES,
    copyMetadata: { type: "boolean" },
    metadata: {
      type: "object",
      properties: { cacheControl: { type: "string" }, mimetype: { type: "string" } },
    },
  },
} as const;

/** Neither the size nor the type limits of the destination are looked at, by move or by copy. */
export const moveObject: Handler = async (exchange, service) => {
  const body = validate(MOVE, await readJsonBody(exchange.request), "body");
  const { bucketId, sourceKey, destinationBucket = bucketId } = body;
  const destinationKey = checkKey(body.destinationKey, service.settings);
  const source = visibleRow(service, exchange.caller, bucketId, sourceKey);
  if (!mayObject(service, exchange.caller, "update", bucketId, source)) throw failures.noSuchKey();
  const done = (): void => sendJson(exchange.response, 200, { message: "Successfully moved" });
  if (bucketId === destinationBucket && sourceKey === destinationKey) {
    done();
    return;
  }
  const moved = { ...source, key: destinationKey };
  if (!mayObject(service, exchange.caller, "update", destinationBucket, moved)) throw deniedByPolicy();
  if (service.rows.object(destinationBucket, destinationKey)) throw failures.resourceAlreadyExists();
  const bucket = existingBucket(service, destinationBucket);
  checkKeyForBackend(destinationBucket, destinationKey, service.settings.backend);
  service.rows.put(bucket, destinationKey, source.body, {
    ...rewritten(service, source),
    ownerId: exchange.caller.sub ?? source.attributes.ownerId,
  });
  service.rows.delete(bucketId, sourceKey);
  done();
};

export const copyObject: Handler = async (exchange, service) => {
  const body = validate(COPY, await readJsonBody(exchange.request), "body");
  const { bucketId, sourceKey, destinationBucket = bucketId } = body;
  const upsert = header(exchange.request, "x-upsert") === "true";
  const destinationKey = checkKey(body.destinationKey, service.settings);
  const source = visibleRow(service, exchange.caller, bucketId, sourceKey);
  checkWrite(service, exchange.caller, { bucket: destinationBucket, key: destinationKey, upsert });
  const bucket = existingBucket(service, destinationBucket);
  checkKeyForBackend(destinationBucket, destinationKey, service.settings.backend);

  const { release } = service.settings;
  const isOld = release === "1.11";
  const isOntoItself = bucketId === destinationBucket && sourceKey === destinationKey;
  // Servers from before https://github.com/supabase/storage/pull/622 leave an object alone that is copied onto itself.
  if (isOld && isOntoItself) {
    sendJson(exchange.response, 200, { Key: `${destinationBucket}/${destinationKey}`, Id: source.attributes.id });
    return;
  }
  const columns = rewritten(service, source);
  const existing = service.rows.object(destinationBucket, destinationKey)?.attributes;
  const replacement = isOld ? undefined : header(exchange.request, "x-metadata");
  // What the body says of headers counts only where the source's are not to be copied.
  const wanted = body.copyMetadata === false && !isOld ? body.metadata : undefined;
  const row = service.rows.put(bucket, destinationKey, source.body, {
    ...columns,
    id: existing?.id ?? randomUUID(),
    ownerId: exchange.caller.sub ?? existing?.ownerId ?? null,
    createdAtUs: existing?.createdAtUs ?? columns.updatedAtUs,
    contentType: wanted?.mimetype ?? columns.contentType,
    cacheControl: wanted?.cacheControl ?? columns.cacheControl,
    userMetadata: body.copyMetadata === false ? metadataOfCopy(replacement, existing) : columns.userMetadata,
  });
  sendJson(exchange.response, 200, {
    Key: `${destinationBucket}/${destinationKey}`,
    Id: row.attributes.id,
    ...(isOld ? {} : copiedRecord(release, destinationBucket, row)),
  });
};

/** Without its user metadata where the schema of the answer does not know that column. */
function copiedRecord(release: Release, bucket: string, row: ObjectRow): Record<string, unknown> {
  const { user_metadata, ...record } = fullRecord(bucket, row);
  return isBefore(release, "1.70") ? record : { ...record, user_metadata };
}

/** Without a replacement the row keeps what it has: nothing on a new key, the old on an existing one. */
function metadataOfCopy(replacement: string | undefined, existing: ObjectColumns | undefined): JsonObject | null {
  return replacement === undefined ? (existing?.userMetadata ?? null) : parseMetadataHeader(replacement);
}

/** The columns of a new file with the same content. S3 writes it in one piece, so an ETag of parts becomes a plain one. */
function rewritten(service: Service, source: ObjectRow): ObjectColumns {
  const nowUs = service.clock.nextUs();
  return {
    ...source.attributes,
    version: randomUUID(),
    etag: `"${source.attributes.md5}"`,
    updatedAtUs: nowUs,
    fileTimeUs: fileTime(nowUs, service.settings.backend),
  };
}

function existingBucket(service: Service, name: string): BucketRow {
  const bucket = service.rows.bucket(name);
  if (bucket === undefined) throw failures.relatedResourceMissing();
  return bucket;
}
