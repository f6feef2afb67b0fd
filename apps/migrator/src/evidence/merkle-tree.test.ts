import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isIncluded, merkleTree } from "./merkle-tree.ts";

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** RFC 9162, section 2.1.1, word for word: slow, recursive, and with all leaves in memory. */
function definition(leaves: readonly Uint8Array[]): Buffer {
  if (leaves.length === 0) return sha256();
  const [only] = leaves;
  if (leaves.length === 1 && only !== undefined) return sha256(Buffer.of(0), only);
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha256(Buffer.of(1), definition(leaves.slice(0, k)), definition(leaves.slice(k)));
}

/** The test vectors of the Certificate Transparency project: inputs and the roots of their first n. */
const INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"].map(
  (hex) => Buffer.from(hex, "hex"),
);
const ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

describe("the Merkle tree", () => {
  it("has the roots of the published test vectors", () => {
    const tree = merkleTree();
    expect(tree.root().toString("hex")).toBe(ROOTS[0]);
    INPUTS.forEach((input, i) => {
      tree.add(input);
      expect(tree.root().toString("hex")).toBe(ROOTS[i + 1]);
    });
  });

  it("has the root that the definition gives, for any leaves", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 8 }), { maxLength: 70 }), (leaves) => {
        const tree = merkleTree();
        for (const leaf of leaves) tree.add(leaf);
        expect(tree.size).toBe(leaves.length);
        expect(tree.root().equals(definition(leaves))).toBe(true);
      }),
    );
  });

  it("shows for every leaf that it is included, and for no other leaf, index or size", () => {
    for (let size = 1; size <= 33; size++) {
      for (let index = 0; index < size; index++) {
        const tree = merkleTree();
        for (let i = 0; i < size; i++) tree.add(Buffer.of(i), i === index);
        const root = tree.root();
        const inclusion = tree.inclusion();
        if (inclusion === undefined) throw new Error("the leaf was tracked");
        const proof = { leaf: Buffer.of(index), treeSize: size, root, ...inclusion };
        expect(proof.leafIndex).toBe(index);
        expect(proof.path.length).toBeLessThanOrEqual(Math.ceil(Math.log2(size)));
        expect(isIncluded(proof)).toBe(true);
        expect(isIncluded({ ...proof, leaf: Buffer.of(200) })).toBe(false);
        expect(isIncluded({ ...proof, path: [...proof.path, root] })).toBe(false);
        expect(isIncluded({ ...proof, treeSize: index })).toBe(false);
        expect(isIncluded({ ...proof, path: proof.path.slice(1) })).toBe(size === 1);
      }
    }
  });
});
