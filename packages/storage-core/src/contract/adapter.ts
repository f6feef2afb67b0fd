import type { StorageProvider } from "./provider.ts";

/**
 * A schema as zod, valibot, arktype and others expose it: https://standardschema.dev (version 1, the part we use).
 * Spelled out here, so that the contract depends on no schema library.
 */
export interface OptionsSchema<Options> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Options> | Promise<SchemaResult<Options>>;
  };
}

export type SchemaResult<Options> =
  | { readonly value: Options; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/**
 * What an adapter package exports under the name `adapter`, so that a configuration can name it.
 * `create` does no I/O; options that fit the schema but not each other throw `InvalidConfig`.
 */
export interface StorageAdapter<Options = unknown> {
  readonly name: string;
  readonly options: OptionsSchema<Options>;
  create(options: Options): StorageProvider;
}
