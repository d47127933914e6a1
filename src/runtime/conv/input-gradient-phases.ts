/** Which pixels of a convolution's output depend on a pixel of its input. */

/** One element of a kernel and its reading position relative to a pixel. */
export interface Tap {
  /** Rows and columns from the pixel, in the map with its margins. */
  readonly row: number;
  readonly column: number;
  /** Index among the kernel's k·k elements. */
  readonly kernel: number;
}

/**
 * Input pixels whose row and column leave the same remainders when divided by the stride: all use the same
 * taps.
 */
export interface Phase {
  readonly row: number;
  readonly column: number;
  /** None where the stride skips these pixels. */
  readonly taps: readonly Tap[];
}

export interface InputGradientPhases {
  readonly phases: readonly Phase[];
  /** Zeros to add to dy above and to the left, below and to the right. */
  readonly before: number;
  readonly after: number;
}

/**
 * The gradient of a convolution's input, as convolutions of dy: input row s·i + r contributed, by kernel row
 * a, to output row i + (r + p - a) / s where that is whole, with padding p = (k - 1) / 2.
 * @param kernelSize k, odd
 * @param stride s
 */
export function inputGradientPhases(kernelSize: number, stride: number): InputGradientPhases {
  const lines = Array.from({ length: stride }, (_, remainder) => linesOf(kernelSize, stride, remainder));
  const offsets = lines.flat().map(({ offset }) => offset);
  const before = Math.max(0, -Math.min(...offsets));
  const phases = lines.flatMap((rows, row) =>
    lines.map((columns, column) => ({
      row,
      column,
      taps: rows.flatMap((a) =>
        columns.map((b) => ({
          row: a.offset + before,
          column: b.offset + before,
          kernel: a.kernel * kernelSize + b.kernel,
        })),
      ),
    })),
  );
  return { phases, before, after: Math.max(0, ...offsets) };
}

/** Kernel rows that reach an input row of this remainder, and the output row each leads to. */
function linesOf(
  kernelSize: number,
  stride: number,
  remainder: number,
): { kernel: number; offset: number }[] {
  const pad = (kernelSize - 1) / 2;
  return Array.from({ length: kernelSize }, (_, kernel) => ({
    kernel,
    offset: (remainder + pad - kernel) / stride,
  })).filter(({ offset }) => Number.isInteger(offset));
}
