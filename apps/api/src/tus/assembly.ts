/** How far an object is assembled; plain data, kept in the upload's row. */
export interface AssemblyProgress {
  /** Pieces that are stored, the tail not counted. */
  readonly pieces: number;
  /** Of the upload in parts, where there is one. */
  readonly uploadId?: string | undefined;
  /** Bytes that are too few for a part by themselves and wait in an object of their own. */
  readonly tailBytes: number;
  /** All of the object is stored; only putting it together is left. */
  readonly isWhole?: boolean | undefined;
}

export const NOTHING_ASSEMBLED: AssemblyProgress = { pieces: 0, tailBytes: 0 };

/** One object that grows out of pieces which come over hours, through any instance of the service. */
export interface AssembledObject {
  readonly id: string;
  readonly key: string;
  readonly contentType: string;
  readonly sizeBytes: number;
}

/**
 * Brings pieces together at storage. A piece that was appended is durable; appending the same piece again replaces it, so
 * an append whose record was lost is simply repeated.
 */
export interface Assembly {
  /** Pieces of this size are the best, in bytes. */
  readonly pieceBytes: number;
  /** The bytes that wait, to be put in front of what comes next. */
  tail(object: AssembledObject, progress: AssemblyProgress, signal: AbortSignal): Promise<Uint8Array>;
  /** `isLast`: the object ends with it. A shorter piece that is not the last waits as the tail. */
  append(
    object: AssembledObject,
    progress: AssemblyProgress,
    bytes: Uint8Array,
    options: { readonly isLast: boolean; readonly signal: AbortSignal },
  ): Promise<AssemblyProgress>;
  /** Makes the object. Again is no error. */
  finish(object: AssembledObject, progress: AssemblyProgress, signal: AbortSignal): Promise<void>;
  /** Gives back what the upload in parts holds; objects beside it are found by their notes. */
  discard(object: AssembledObject, progress: AssemblyProgress): Promise<void>;
  /** Objects that the assembly has made beside the one itself, for their notes. */
  sideKeys(object: AssembledObject, progress: AssemblyProgress): readonly string[];
}
