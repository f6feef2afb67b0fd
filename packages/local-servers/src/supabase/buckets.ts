import { failures } from "./api-error.ts";
import { validate } from "./body-schema.ts";
import { toIso } from "./clock.ts";
import { type Exchange, type Handler, param, type Service, sendJson } from "./exchange.ts";
import { parseFileSize } from "./file-size.ts";
import { inBatches } from "./in-batches.ts";
import { readJsonBody } from "./json-body.ts";
import { checkAllowedTypeEntries } from "./mime-types.ts";
import { checkBucketName } from "./names.ts";
import { deniedByPolicy, type RowAccess } from "./policies.ts";
import type { BucketRow } from "./rows.ts";

const LIMITS = {
  file_size_limit: { type: "any" },
  allowed_mime_types: { type: "array", items: { type: "string" }, nullable: true },
} as const;

const CREATE = {
  type: "object",
  required: ["name"],
  properties: { name: { type: "string" }, id: { type: "string" }, public: { type: "boolean" }, ...LIMITS },
} as const;

const UPDATE = {
  type: "object",
  minProperties: 1,
  properties: { public: { type: "boolean" }, ...LIMITS },
} as const;

const LIST = {
  type: "object",
  properties: {
    limit: { type: "integer", minimum: 1 },
    offset: { type: "integer", minimum: 0 },
    sortColumn: { type: "string", enum: ["id", "name", "created_at", "updated_at"] },
    sortOrder: { type: "string", enum: ["asc", "desc"] },
    search: { type: "string" },
  },
} as const;

/** More than this and the server refuses to empty a bucket. */
const MAX_OBJECTS_TO_EMPTY = 200_000;
/** How long the background job of a hosted project lets a bucket keep its objects after the answer, at least. */
const BACKGROUND_DELAY_MS = 100;

export const createBucket: Handler = async (exchange, service) => {
  const body = validate(CREATE, await readJsonBody(exchange.request), "body");
  const id = body.id ?? body.name;
  checkBucketName(id);
  const limits = {
    fileSizeLimit: fileSizeLimit(body.file_size_limit, service) ?? null,
    allowedMimeTypes: allowedTypes(body.allowed_mime_types) ?? null,
  };
  if (!mayBucket(exchange, service, "insert", id)) throw deniedByPolicy();
  const nowUs = service.clock.nextUs();
  const owner = exchange.caller.sub ?? "";
  const created = service.rows.store.createBucket(id, {
    owner,
    public: body.public ?? false,
    ...limits,
    createdAtUs: nowUs,
    updatedAtUs: nowUs,
  });
  if (!created) throw failures.bucketAlreadyExists();
  sendJson(exchange.response, 200, { name: id });
};

export const getBucket: Handler = (exchange, service) => {
  sendJson(exchange.response, 200, toRecord(visibleBucket(exchange, service)));
};

export const listBuckets: Handler = (exchange, service) => {
  const query = validate(LIST, Object.fromEntries(exchange.path.query), "querystring");
  const search = (query.search ?? "").toLowerCase();
  const rows = service.rows.store
    .buckets()
    .filter((bucket) => bucket.name.toLowerCase().includes(search))
    .filter((bucket) => mayBucket(exchange, service, "select", bucket.name, bucket))
    .toSorted((a, b) => a.attributes.createdAtUs - b.attributes.createdAtUs);
  if (query.sortColumn !== undefined) {
    const valueOf = SORT_VALUES[query.sortColumn] ?? nameOf;
    const direction = query.sortOrder === "desc" ? -1 : 1;
    rows.sort((a, b) => direction * compare(valueOf(a), valueOf(b)));
  }
  const offset = query.offset ?? 0;
  const page = rows.slice(offset, offset + (query.limit ?? rows.length));
  sendJson(
    exchange.response,
    200,
    page.map((bucket) => ({ ...toRecord(bucket), type: "STANDARD" })),
  );
};

export const updateBucket: Handler = async (exchange, service) => {
  const body = validate(UPDATE, await readJsonBody(exchange.request), "body");
  const limit = fileSizeLimit(body.file_size_limit, service);
  const types = allowedTypes(body.allowed_mime_types);
  const bucket = visibleBucket(exchange, service, "update");
  bucket.setAttributes({
    ...bucket.attributes,
    ...(body.public === undefined ? {} : { public: body.public }),
    ...(limit === undefined ? {} : { fileSizeLimit: limit }),
    ...(types === undefined ? {} : { allowedMimeTypes: types }),
    updatedAtUs: service.clock.nextUs(),
  });
  sendJson(exchange.response, 200, { message: "Successfully updated" });
};

export const emptyBucket: Handler = async (exchange, service) => {
  await readJsonBody(exchange.request);
  if (exchange.caller.role !== "service_role") throw failures.invalidRole();
  const bucket = visibleBucket(exchange, service);
  if (bucket.size > MAX_OBJECTS_TO_EMPTY) {
    throw failures.invalidRequest("Cannot empty the bucket, there are too many objects", 409);
  }
  if (service.settings.backend === "file") await removeAll(bucket, service);
  else service.later(() => void removeAll(bucket, service), BACKGROUND_DELAY_MS);
  sendJson(exchange.response, 200, {
    message: "Empty bucket has been queued. Completion may take up to an hour.",
  });
};

export const deleteBucket: Handler = async (exchange, service) => {
  await readJsonBody(exchange.request);
  const bucket = visibleBucket(exchange, service, "delete");
  if (bucket.size > 0) throw failures.bucketNotEmpty();
  service.rows.deleteBucket(bucket);
  sendJson(exchange.response, 200, { message: "Successfully deleted" });
};

async function removeAll(bucket: BucketRow, service: Service): Promise<void> {
  const keys = Array.from(bucket.objects(), ({ key }) => key);
  await inBatches(keys, (key) => service.rows.delete(bucket.name, key));
}

function visibleBucket(exchange: Exchange, service: Service, command?: RowAccess["command"]): BucketRow {
  const bucket = service.rows.bucket(param(exchange, "id"));
  const allowed =
    bucket !== undefined &&
    mayBucket(exchange, service, "select", bucket.name, bucket) &&
    (command === undefined || mayBucket(exchange, service, command, bucket.name, bucket));
  if (!allowed) throw failures.noSuchBucket();
  return bucket;
}

function mayBucket(
  exchange: Exchange,
  service: Service,
  command: RowAccess["command"],
  name: string,
  row?: BucketRow,
): boolean {
  const ownerId = (row === undefined ? exchange.caller.sub : row.attributes.owner) || null;
  return service.security.may(exchange.caller, { table: "buckets", command, bucket: name, key: undefined, ownerId });
}

/** Undefined: not said. The bucket may not allow more than the deployment does. */
function fileSizeLimit(value: unknown, service: Service): number | null | undefined {
  if (value === undefined || value === null) return value;
  if (typeof value !== "string" && !(typeof value === "number" && Number.isInteger(value) && value >= 0)) {
    throw failures.schema("body/file_size_limit must match a schema in anyOf");
  }
  const bytes = parseFileSize(value);
  if (bytes > service.settings.globalFileSizeLimit) throw failures.objectTooLarge();
  return bytes;
}

function allowedTypes(entries: readonly string[] | null | undefined): readonly string[] | null | undefined {
  if (entries) checkAllowedTypeEntries(entries);
  return entries;
}

function toRecord(bucket: BucketRow): Record<string, unknown> {
  const { owner, fileSizeLimit: limit, allowedMimeTypes, createdAtUs, updatedAtUs } = bucket.attributes;
  return {
    id: bucket.name,
    name: bucket.name,
    owner,
    public: bucket.attributes.public,
    file_size_limit: limit,
    allowed_mime_types: allowedMimeTypes,
    created_at: toIso(createdAtUs),
    updated_at: toIso(updatedAtUs),
  };
}

const nameOf = (bucket: BucketRow): string => bucket.name;

const SORT_VALUES: Readonly<Record<string, (bucket: BucketRow) => string | number>> = {
  id: nameOf,
  name: nameOf,
  created_at: (bucket) => bucket.attributes.createdAtUs,
  updated_at: (bucket) => bucket.attributes.updatedAtUs,
};

function compare(a: string | number, b: string | number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
