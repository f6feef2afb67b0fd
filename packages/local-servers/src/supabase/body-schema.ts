import { failures } from "./api-error.ts";

/**
 * The part of JSON Schema that the request bodies and queries need, validated and coerced as Ajv does with the settings of
 * Fastify (https://ajv.js.org/coercion.html, `coerceTypes: "array"`): the texts of its complaints are part of the API.
 */
export type Schema =
  | { readonly type: "string"; readonly enum?: readonly string[]; readonly nullable?: true }
  | { readonly type: "integer"; readonly minimum?: number; readonly nullable?: true }
  | { readonly type: "boolean" }
  /** Passed on as it is: another rule looks at it later. */
  | { readonly type: "any" }
  | {
      readonly type: "array";
      readonly items: Schema;
      readonly minItems?: number;
      readonly maxItems?: number;
      readonly nullable?: true;
    }
  | {
      readonly type: "object";
      readonly properties: Readonly<Record<string, Schema>>;
      readonly required?: readonly string[];
      readonly minProperties?: number;
    };

type Nullable<S, Value> = S extends { readonly nullable: true } ? Value | null : Value;

/** The TypeScript type of what a schema lets through. */
export type Valid<S> = S extends { readonly type: "string" }
  ? Nullable<S, string>
  : S extends { readonly type: "integer" }
    ? Nullable<S, number>
    : S extends { readonly type: "boolean" }
      ? boolean
      : S extends { readonly type: "array"; readonly items: infer Items }
        ? Nullable<S, readonly Valid<Items>[]>
        : S extends { readonly type: "object"; readonly properties: infer Properties }
          ? {
              readonly [Name in keyof Properties as Name extends RequiredOf<S> ? Name : never]: Valid<Properties[Name]>;
            } & { readonly [Name in keyof Properties]?: Valid<Properties[Name]> | undefined }
          : unknown;

type RequiredOf<S> = S extends { readonly required: readonly (infer Name)[] } ? Name : never;

/** Throws the server's validation error; `place` is `body` or `querystring`. */
export function validate<const S extends Schema>(schema: S, value: unknown, place: string): Valid<S> {
  return check(schema, value, place) as Valid<S>;
}

function check(schema: Schema, value: unknown, place: string): unknown {
  if (value === null && "nullable" in schema && schema.nullable) return null;
  switch (schema.type) {
    case "any":
      return value;
    case "string": {
      const text = coerce(value, toText, `${place} must be string`);
      if (schema.enum !== undefined && !schema.enum.includes(text)) {
        throw failures.schema(`${place} must be equal to one of the allowed values`);
      }
      return text;
    }
    case "integer": {
      const number = coerce(value, toInteger, `${place} must be integer`);
      if (schema.minimum !== undefined && number < schema.minimum) {
        throw failures.schema(`${place} must be >= ${schema.minimum}`);
      }
      return number;
    }
    case "boolean":
      return coerce(value, toBoolean, `${place} must be boolean`);
    case "array": {
      const items = coerce(value, toArray, `${place} must be array`);
      const { minItems = 0, maxItems = Infinity } = schema;
      if (items.length < minItems) throw failures.schema(`${place} must NOT have fewer than ${minItems} items`);
      if (items.length > maxItems) throw failures.schema(`${place} must NOT have more than ${maxItems} items`);
      return items.map((item, index) => check(schema.items, item, `${place}/${index}`));
    }
    case "object":
      return checkObject(schema, value, place);
  }
}

function checkObject(schema: Extract<Schema, { type: "object" }>, value: unknown, place: string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw failures.schema(`${place} must be object`);
  }
  const fields = new Map(Object.entries(value));
  if (fields.size < (schema.minProperties ?? 0)) {
    throw failures.schema(`${place} must NOT have fewer than ${schema.minProperties ?? 0} properties`);
  }
  const missing = schema.required?.find((name) => !fields.has(name));
  if (missing !== undefined) throw failures.schema(`${place} must have required property '${missing}'`);
  const valid: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(schema.properties)) {
    if (fields.has(name)) valid[name] = check(property, fields.get(name), `${place}/${name}`);
  }
  return valid;
}

/** A coercion answers undefined when it cannot. */
function coerce<Value>(value: unknown, to: (value: unknown) => Value | undefined, complaint: string): Value {
  const coerced = to(value);
  if (coerced === undefined) throw failures.schema(complaint);
  return coerced;
}

function toText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return value === null ? "" : undefined;
}

function toInteger(value: unknown): number | undefined {
  if (typeof value === "boolean" || value === null) return Number(value);
  if (typeof value === "string" && value.trim() === "") return undefined;
  const number = typeof value === "number" || typeof value === "string" ? Number(value) : Number.NaN;
  return Number.isInteger(number) ? number : undefined;
}

function toBoolean(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  if (value === "true" || value === 1) return true;
  return value === "false" || value === 0 || value === null ? false : undefined;
}

function toArray(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  return typeof value === "object" && value !== null ? undefined : [value];
}
