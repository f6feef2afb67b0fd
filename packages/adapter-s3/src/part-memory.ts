/**
 * Memory of parts that have arrived at the service, to be filled with later ones: a gibibyte in parts of 8 MiB would else leave
 * a hundred large buffers to the collector, which does not know how large they are.
 */
export interface PartMemory {
  /** At least so many bytes, with whatever was in them. */
  take(size: number): Buffer;
  /** Nobody looks at these bytes any more, nor at any others in the same memory. */
  giveBack(bytes: Uint8Array): void;
}

export function partMemory(): PartMemory {
  const free: Buffer[] = [];
  return {
    take(size) {
      const place = free.findIndex(({ byteLength }) => byteLength >= size);
      const [found] = place === -1 ? [] : free.splice(place, 1);
      // Slow is Node's word for memory of its own, not cut out of a shared piece.
      return found ?? Buffer.allocUnsafeSlow(size);
    },
    giveBack({ buffer }) {
      free.push(Buffer.from(buffer));
    },
  };
}
