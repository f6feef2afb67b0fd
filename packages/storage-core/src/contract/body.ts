/** Bytes that can be read once. */
export type ByteStream = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * What `put` and `uploadPart` accept.
 *
 * A string is sent as UTF-8. A typed-array view is sent as exactly the bytes it views. A `ReadableStream` or an
 * `AsyncIterable` can be read once, so no layer ever sends it twice; a function that opens a new stream on each call
 * can be retried. The type of a `Blob` says nothing: a content type is what the options name, or the provider's default.
 */
export type PutBody =
  | string
  | ArrayBufferView
  | ArrayBuffer
  | Blob
  | ByteStream
  | (() => ByteStream | Promise<ByteStream>);

/**
 * A body as a driver gets it. The kit has already turned strings, Blobs and buffers into one of these two shapes, and
 * its streams are counted: one that is shorter or longer than `length` throws `IncompleteBody` while it is read, so a
 * driver only has to let that error stop the request.
 */
export type BodySource =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array; readonly length: number }
  | {
      readonly kind: "stream";
      /** Announced length in bytes; undefined when nobody knows it. */
      readonly length: number | undefined;
      /** Whether `open` may be called more than once. */
      readonly replayable: boolean;
      open(): AsyncIterable<Uint8Array>;
    };

/** The body of an object as a driver hands it out. It is consumed once, by `bytes` or by iteration. */
export interface DriverBody extends AsyncIterable<Uint8Array> {
  /** The whole body at once, where the transport has a cheaper way than iterating. */
  bytes?(): Promise<Uint8Array>;
  /** Gives the connection back without reading on. Called at most once, and not after the body was read to its end. */
  cancel(): Promise<void>;
}
