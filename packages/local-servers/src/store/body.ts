/** Bytes of one blob: immutable, written once, named by the store and never by a key. */
export interface Segment {
  readonly blob: string;
  /** First byte within the blob. */
  readonly offset: number;
  readonly size: number;
}

/** The bytes of an object or of a part of an upload, as a list of pieces of blobs. An empty body has none. */
export interface Body {
  readonly size: number;
  readonly segments: readonly Segment[];
}

export const EMPTY_BODY: Body = { size: 0, segments: [] };

/** One body after another, without copying a byte: how a multipart upload becomes an object. */
export function joinBodies(bodies: readonly Body[]): Body {
  return {
    size: bodies.reduce((sum, body) => sum + body.size, 0),
    segments: bodies.flatMap((body) => body.segments),
  };
}

/** Bytes `start` up to, not including, `end`. */
export function sliceBody(body: Body, start: number, end: number): Body {
  const segments: Segment[] = [];
  let position = 0;
  for (const segment of body.segments) {
    const from = Math.max(start - position, 0);
    const to = Math.min(end - position, segment.size);
    if (from < to) segments.push({ blob: segment.blob, offset: segment.offset + from, size: to - from });
    position += segment.size;
  }
  return { size: segments.reduce((sum, segment) => sum + segment.size, 0), segments };
}
