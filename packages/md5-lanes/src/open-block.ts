import { BLOCK_BYTES } from "./md5-steps.ts";

/** The end of a body that is no whole block yet. */
export interface OpenBlock {
  /** Cuts what comes into the block that it completes, the blocks that lie in it, and a rest, which is kept. */
  add(bytes: Uint8Array): { readonly filled: Uint8Array | undefined; readonly whole: Uint8Array };
  /** The last one or two blocks, with padding and length: RFC 1321 §3.1 and §3.2. */
  end(): Uint8Array;
}

const LENGTH_BYTES = 8;

export function openBlock(): OpenBlock {
  const block = new Uint8Array(BLOCK_BYTES);
  let held = 0;
  let length = 0;
  return {
    add(bytes) {
      length += bytes.byteLength;
      let rest = bytes;
      let filled: Uint8Array | undefined;
      if (held > 0) {
        const missing = rest.subarray(0, BLOCK_BYTES - held);
        block.set(missing, held);
        held += missing.byteLength;
        rest = rest.subarray(missing.byteLength);
        if (held < BLOCK_BYTES) return { filled: undefined, whole: rest };
        filled = block.slice();
        held = 0;
      }
      const wholeBytes = rest.byteLength - (rest.byteLength % BLOCK_BYTES);
      block.set(rest.subarray(wholeBytes));
      held = rest.byteLength - wholeBytes;
      return { filled, whole: rest.subarray(0, wholeBytes) };
    },
    end() {
      const blocks = held + 1 + LENGTH_BYTES <= BLOCK_BYTES ? 1 : 2;
      const padded = new Uint8Array(blocks * BLOCK_BYTES);
      padded.set(block.subarray(0, held));
      padded[held] = 0x80;
      new DataView(padded.buffer).setBigUint64(padded.byteLength - LENGTH_BYTES, BigInt(length) * 8n, true);
      return padded;
    },
  };
}
