/*
 * The loops of Accumulator (resample.ts) two numbers at a time. Every sum is computed in double precision and rounded where
 * JavaScript's loops round it, so that the pixels are the same.
 */
#include <wasm_simd128.h>

#define exported(name) __attribute__((export_name(#name)))
#define promote wasm_f64x2_promote_low_f32x4
#define upper(x) wasm_i64x2_shuffle(x, x, 1, 1)

/* An RGBA pixel as four 32-bit integers. */
static v128_t pixel(const unsigned char *at) {
  return wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16(wasm_v128_load32_zero(at)));
}

/*
 * Resamples a row of RGBA pixels to `columns` of three colours; writes one number more.
 * `offsets`: first byte of each column's pixels; `weights`: `taps` for each column.
 */
exported(line) void line(float *to, const unsigned char *row, const int *offsets, const double *weights, int columns,
                         int taps) {
  for (int o = 0; o < columns; o++, to += 3) {
    const unsigned char *at = row + offsets[o];
    v128_t low = wasm_f64x2_splat(0), high = low;
    for (int tap = 0; tap < taps; tap++, at += 4) {
      v128_t weight = wasm_v128_load64_splat(weights++);
      v128_t colours = pixel(at);
      low = wasm_f64x2_add(low, wasm_f64x2_mul(weight, wasm_f64x2_convert_low_i32x4(colours)));
      high = wasm_f64x2_add(high, wasm_f64x2_mul(weight, wasm_f64x2_convert_low_i32x4(upper(colours))));
    }
    v128_t red_green = wasm_f32x4_demote_f64x2_zero(low), blue = wasm_f32x4_demote_f64x2_zero(high);
    wasm_v128_store(to, wasm_i64x2_shuffle(red_green, blue, 0, 2));
  }
}

/*
 * Adds `count` weighted lines to a row of sums of `length` numbers, one after the other. Lines are in a ring of `size` lines,
 * `stride` numbers apart, from line `first` on.
 */
exported(add) void add(float *sums, const float *ring, const float *weights, int first, int count, int size, int stride,
                       int length) {
  int i = 0;
  for (; i + 4 <= length; i += 4) {
    v128_t all = wasm_v128_load(sums + i);
    v128_t low = promote(all), high = promote(upper(all));
    for (int tap = 0, at = first; tap < count; tap++, at = at + 1 == size ? 0 : at + 1) {
      v128_t values = wasm_v128_load(ring + at * stride + i);
      v128_t weight = promote(wasm_v128_load32_splat(weights + tap));
      low = wasm_f64x2_add(low, wasm_f64x2_mul(weight, promote(values)));
      high = wasm_f64x2_add(high, wasm_f64x2_mul(weight, promote(upper(values))));
      low = promote(wasm_f32x4_demote_f64x2_zero(low));
      high = promote(wasm_f32x4_demote_f64x2_zero(high));
    }
    wasm_v128_store(sums + i,
                    wasm_i64x2_shuffle(wasm_f32x4_demote_f64x2_zero(low), wasm_f32x4_demote_f64x2_zero(high), 0, 2));
  }
  for (; i < length; i++) {
    float sum = sums[i];
    for (int tap = 0, at = first; tap < count; tap++, at = at + 1 == size ? 0 : at + 1)
      sum = (float)((double)sum + (double)weights[tap] * (double)ring[at * stride + i]);
    sums[i] = sum;
  }
}

/*
 * Turns sums into opaque RGBA pixels in place, filled up with background where `across` and `down` are not covered. Reads one
 * number more than the sums.
 */
exported(finish) void finish(float *sums, const float *across, const float *down, int width, int height, double red,
                             double green, double blue) {
  unsigned char *to = (unsigned char *)sums;
  v128_t low_background = wasm_f64x2_make(red, green), high_background = wasm_f64x2_make(blue, 0);
  for (int y = 0; y < height; y++) {
    double cover = down[y];
    for (int x = 0; x < width; x++, sums += 3, to += 4) {
      v128_t rest = wasm_f64x2_splat(1 - cover * (double)across[x]);
      v128_t all = wasm_v128_load(sums);
      v128_t low = wasm_f64x2_nearest(wasm_f64x2_add(promote(all), wasm_f64x2_mul(rest, low_background)));
      v128_t high = wasm_f64x2_nearest(wasm_f64x2_add(promote(upper(all)), wasm_f64x2_mul(rest, high_background)));
      v128_t words = wasm_i64x2_shuffle(wasm_i32x4_trunc_sat_f64x2_zero(low), wasm_i32x4_trunc_sat_f64x2_zero(high), 0, 2);
      v128_t halves = wasm_i16x8_narrow_i32x4(words, words);
      v128_t bytes = wasm_u8x16_narrow_i16x8(halves, halves);
      *(unsigned *)to = (unsigned)wasm_i32x4_extract_lane(bytes, 0) | 0xff000000u;
    }
  }
}
