import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutParts } from "./cut-parts.ts";
import { partMemory } from "./part-memory.ts";
import { partPlan } from "./part-plan.ts";

const MIB = 1024 ** 2;
const LIMITS = { minPartBytes: 5 * MIB, maxPartBytes: 5 * 1024 * MIB, maxParts: 10_000, equalParts: false };

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield chunk;
}

describe("a stream cut into parts", () => {
  it("gives all its bytes in order, in parts of the wanted sizes, whatever its chunks are", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (chunks, sizes, isLengthKnown) => {
          const sizeOf = (partNumber: number) => sizes[Math.min(partNumber, sizes.length) - 1] ?? 1;
          const whole = Buffer.concat(chunks);
          const parts = await Array.fromAsync(
            cutParts(streamOf(chunks), sizeOf, isLengthKnown ? whole.byteLength : undefined),
          );
          expect(Buffer.concat(parts.map(({ bytes }) => bytes))).toEqual(whole);
          parts.forEach(({ bytes, isLast }, index) => {
            const isAtEnd = index === parts.length - 1;
            expect(isLast).toBe(isAtEnd);
            expect(bytes.byteLength).toBeLessThanOrEqual(sizeOf(index + 1));
            expect(isAtEnd || bytes.byteLength === sizeOf(index + 1)).toBe(true);
          });
        },
      ),
    );
  });

  it("of no bytes has no parts", async () => {
    expect(await Array.fromAsync(cutParts(streamOf([]), () => 5))).toEqual([]);
    expect(await Array.fromAsync(cutParts(streamOf([new Uint8Array()]), () => 5, 0))).toEqual([]);
  });

  it("is not read further than one chunk past the part that was asked for", async () => {
    let read = 0;
    const source = (async function* () {
      for (;;) {
        read += 1;
        yield new Uint8Array(4);
      }
    })();
    const parts = cutParts(source, () => 8);
    await parts.next();
    expect(read).toBe(3);
    await parts.next();
    expect(read).toBe(5);
    await parts.return(undefined);
  });

  it("uses the memory of parts again that were given back, and no other", async () => {
    const memory = partMemory();
    const memories: ArrayBufferLike[] = [];
    const source = streamOf(Array.from({ length: 6 }, (_, i) => new Uint8Array(8).fill(i)));
    let kept: Uint8Array | undefined;
    for await (const { bytes } of cutParts(source, () => 8, undefined, memory)) {
      memories.push(bytes.buffer);
      if (memories.length === 3) kept = bytes;
      else memory.giveBack(bytes);
    }
    expect([...(kept ?? [])]).toEqual(Array.from({ length: 8 }, () => 2));
    expect(new Set(memories).size).toBe(2);
  });

  it("does not share memory between parts", async () => {
    const chunk = new Uint8Array([1, 2, 3, 4]);
    const [first, second] = await Array.fromAsync(cutParts(streamOf([chunk]), () => 2));
    chunk.fill(9);
    expect([...(first?.bytes ?? []), ...(second?.bytes ?? [])]).toEqual([1, 2, 3, 4]);
  });
});

describe("the plan of parts", () => {
  const wanted = { partSizeBytes: 8 * MIB, concurrency: 4 };

  it("keeps to the number of parts for every length that the service takes (S21)", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 48 * 1024 * 1024 }), (lengthInMib) => {
        const length = lengthInMib * MIB - 1;
        const size = partPlan(length, wanted, LIMITS).sizeOf(1);
        expect(Math.ceil(length / size)).toBeLessThanOrEqual(LIMITS.maxParts);
        expect(size).toBeGreaterThanOrEqual(wanted.partSizeBytes);
        expect(size).toBeLessThanOrEqual(LIMITS.maxPartBytes);
      }),
    );
  });

  it("takes parts that are smaller than the service allows for a wish to have the smallest", () => {
    expect(partPlan(20 * MIB, { partSizeBytes: 1024, concurrency: 1 }, LIMITS).sizeOf(1)).toBe(5 * MIB);
  });

  it("lets the parts of a body of unknown length grow, so that 5 TiB fit", () => {
    const plan = partPlan(undefined, wanted, LIMITS);
    let total = 0;
    for (let partNumber = 1; partNumber <= LIMITS.maxParts; partNumber += 1) total += plan.sizeOf(partNumber);
    expect(total).toBeGreaterThan(5 * 1024 ** 4);
    expect(plan.sizeOf(1000)).toBe(8 * MIB);
    expect(plan.sizeOf(1001)).toBe(16 * MIB);
  });

  it("sends fewer of the larger parts at once, so that memory stays what was asked for", () => {
    const plan = partPlan(undefined, wanted, LIMITS);
    for (let partNumber = 1; partNumber <= 3000; partNumber += 100) {
      expect(plan.concurrencyAt(partNumber) * plan.sizeOf(partNumber)).toBeLessThanOrEqual(4 * 8 * MIB);
    }
    expect(plan.concurrencyAt(9000)).toBe(1);
  });

  it("keeps all parts equal where the service wants that", () => {
    const plan = partPlan(undefined, wanted, { ...LIMITS, equalParts: true });
    expect(plan.sizeOf(9999)).toBe(plan.sizeOf(1));
  });
});
