/**
 * The two inner loops of convolutions for training, in WebAssembly's text format. Each works on 4 × 8 numbers
 * kept in registers: four pixels (or input channels) by eight filters.
 */

/** Pixels, or input channels, of a tile. */
export const tileRows = 4;
/** Filters of a tile: two vectors of four. */
export const tileFilters = 8;

const rowIndices = [0, 1, 2, 3];
const halves = [0, 1];
const sums = rowIndices.flatMap((row) => halves.map((half) => ({ row, half, sum: `$sum${row}${half}` })));

/**
 * @param fused multiply and add in one instruction (relaxed SIMD): rounded once, and about 1.3 times as fast
 * @returns a module that imports its memory as `memory.numbers` and exports
 * - `convolve`: sums over taps and channels for runs of four adjacent pixels;
 * - `correlate`: sums over pixels for four channels, eight filters at a time.
 */
export function loopSource(fused: boolean): string {
  return `(module
  (import "memory" "numbers" (memory 1))
  ${convolve(fused)}
  ${correlate(fused)})`;
}

/**
 * For each of `tiles` tiles of four pixels, eight filters: out = max(lowest, bias + Σ over taps and channels
 * of input × kernel). All positions are in bytes.
 * - `input`, `inputStep`: the first pixel, and the distance between pixels;
 * - `taps`, `tapCount`: each tap's offset from its pixel, as i32;
 * - `kernel`: [tap, channel, 8]; `bias`: [8];
 * - `output`, `outputStep`: as for the input.
 */
function convolve(fused: boolean): string {
  return `
  (func (export "convolve")
    (param $input i32) (param $inputStep i32) (param $taps i32) (param $tapCount i32) (param $channels i32)
    (param $kernel i32) (param $bias i32) (param $lowest f32) (param $output i32) (param $outputStep i32) (param $tiles i32)
    (local $tap i32) (local $lastTap i32) (local $k i32) (local $channel i32) (local $offset i32)
    ${rowIndices.map((row) => `(local $x${String(row)} i32)`).join(' ')}
    ${locals()}
    (local.set $lastTap (i32.add (local.get $taps) (i32.shl (local.get $tapCount) (i32.const 2))))
    (loop $tile
      ${sums.map(({ half, sum }) => `(local.set ${sum} (v128.load offset=${String(half * 16)} (local.get $bias)))`).join('\n      ')}
      (local.set $k (local.get $kernel))
      (local.set $tap (local.get $taps))
      (block $tapsDone
        (loop $nextTap
          (br_if $tapsDone (i32.ge_u (local.get $tap) (local.get $lastTap)))
          (local.set $x0 (i32.add (local.get $input) (i32.load (local.get $tap))))
          ${rowIndices
            .slice(1)
            .map(
              (row) =>
                `(local.set $x${String(row)} (i32.add (local.get $x${String(row - 1)}) (local.get $inputStep)))`,
            )
            .join('\n          ')}
          (local.set $channel (local.get $channels))
          (loop $nextChannel
            ${loadFilters('$k')}
            ${rowIndices
              .map(
                (row) => `(local.set $value (v128.load32_splat (local.get $x${String(row)})))
            (local.set $x${String(row)} (i32.add (local.get $x${String(row)}) (i32.const 4)))
            ${addRow(row, fused)}`,
              )
              .join('\n            ')}
            (local.set $k (i32.add (local.get $k) (i32.const 32)))
            (br_if $nextChannel (local.tee $channel (i32.sub (local.get $channel) (i32.const 1)))))
          (local.set $tap (i32.add (local.get $tap) (i32.const 4)))
          (br $nextTap)))
      (local.set $value (f32x4.splat (local.get $lowest)))
      (local.set $offset (local.get $output))
      ${rowIndices
        .map(
          (row) => `${halves
            .map(
              (half) =>
                `(v128.store offset=${String(half * 16)} (local.get $offset) (f32x4.max (local.get $value) (local.get $sum${String(row)}${String(half)})))`,
            )
            .join('\n      ')}
      (local.set $offset (i32.add (local.get $offset) (local.get $outputStep)))`,
        )
        .join('\n      ')}
      (local.set $output (local.get $offset))
      (local.set $input (i32.add (local.get $input) (i32.shl (local.get $inputStep) (i32.const 2))))
      (br_if $tile (local.tee $tiles (i32.sub (local.get $tiles) (i32.const 1))))))`;
}

/**
 * For each of `tiles` tiles of eight filters: sums[channel, filter] += Σ over `rows` × `width` pixels of
 * input[pixel, channel] × slope[pixel, filter], four channels. Strides are in bytes: `…Pixel` from pixel to
 * pixel, `…Gap` from the end of a row to the start of the next, `sumsRow` from channel to channel.
 */
function correlate(fused: boolean): string {
  return `
  (func (export "correlate")
    (param $input i32) (param $inputPixel i32) (param $inputGap i32)
    (param $slope i32) (param $slopePixel i32) (param $slopeGap i32)
    (param $width i32) (param $rows i32) (param $sums i32) (param $sumsRow i32) (param $tiles i32)
    (local $x i32) (local $d i32) (local $row i32) (local $column i32) (local $offset i32)
    ${locals()}
    (loop $tile
      (local.set $offset (local.get $sums))
      ${eachRowOfSums((row, half) => `(local.set $sum${row}${half} (v128.load offset=${String(Number(half) * 16)} (local.get $offset)))`)}
      (local.set $x (local.get $input))
      (local.set $d (local.get $slope))
      (local.set $row (local.get $rows))
      (loop $nextRow
        (local.set $column (local.get $width))
        (loop $nextPixel
          ${loadFilters('$d')}
          ${rowIndices
            .map(
              (row) => `(local.set $value (v128.load32_splat offset=${String(row * 4)} (local.get $x)))
          ${addRow(row, fused)}`,
            )
            .join('\n          ')}
          (local.set $x (i32.add (local.get $x) (local.get $inputPixel)))
          (local.set $d (i32.add (local.get $d) (local.get $slopePixel)))
          (br_if $nextPixel (local.tee $column (i32.sub (local.get $column) (i32.const 1)))))
        (local.set $x (i32.add (local.get $x) (local.get $inputGap)))
        (local.set $d (i32.add (local.get $d) (local.get $slopeGap)))
        (br_if $nextRow (local.tee $row (i32.sub (local.get $row) (i32.const 1)))))
      (local.set $offset (local.get $sums))
      ${eachRowOfSums((row, half) => `(v128.store offset=${String(Number(half) * 16)} (local.get $offset) (local.get $sum${row}${half}))`)}
      (local.set $slope (i32.add (local.get $slope) (i32.const 32)))
      (local.set $sums (i32.add (local.get $sums) (i32.const 32)))
      (br_if $tile (local.tee $tiles (i32.sub (local.get $tiles) (i32.const 1))))))`;
}

function locals(): string {
  const names = [...sums.map(({ sum }) => sum), '$first', '$second', '$value'];
  return names.map((name) => `(local ${name} v128)`).join(' ');
}

function loadFilters(from: string): string {
  return `(local.set $first (v128.load (local.get ${from})))
            (local.set $second (v128.load offset=16 (local.get ${from})))`;
}

/** $sum[row] += $value × the eight filters. */
function addRow(row: number, fused: boolean): string {
  return halves
    .map((half) => {
      const sum = `$sum${String(row)}${String(half)}`;
      const filters = half === 0 ? '$first' : '$second';
      const product = fused
        ? `(f32x4.relaxed_madd (local.get $value) (local.get ${filters}) (local.get ${sum}))`
        : `(f32x4.add (local.get ${sum}) (f32x4.mul (local.get $value) (local.get ${filters})))`;
      return `(local.set ${sum} ${product})`;
    })
    .join('\n            ');
}

function eachRowOfSums(line: (row: string, half: string) => string): string {
  return rowIndices
    .map(
      (row) => `${halves.map((half) => line(String(row), String(half))).join('\n      ')}
      (local.set $offset (i32.add (local.get $offset) (local.get $sumsRow)))`,
    )
    .join('\n      ');
}
