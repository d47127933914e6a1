/*
 * Dropout masks. The generator, mulberry32, adds a constant to its state for each number and mixes the sum, so that any number of
 * the sequence can be computed by itself: here four neighbouring pixels of a channel at a time.
 */
#include <wasm_simd128.h>

static const unsigned stride = 0x6d2b79f5;

/* Number `index` of the sequence, from 1, is mixed from seed + index * stride. */
static v128_t mixed(v128_t state) {
  v128_t odd = wasm_v128_or(state, wasm_i32x4_splat(1));
  v128_t bits = wasm_i32x4_mul(wasm_v128_xor(state, wasm_u32x4_shr(state, 15)), odd);
  v128_t second = wasm_i32x4_mul(wasm_v128_xor(bits, wasm_u32x4_shr(bits, 7)), wasm_v128_or(bits, wasm_i32x4_splat(61)));
  bits = wasm_v128_xor(bits, wasm_i32x4_add(bits, second));
  return wasm_v128_xor(bits, wasm_u32x4_shr(bits, 14));
}

/*
 * `mask` is [images, channels, pixels]; the numbers are drawn pixel by pixel, the channels of a pixel one after the other.
 * Numbers below `limit` give 0, others `kept`.
 */
__attribute__((export_name("dropout"))) void dropout(float *mask, int images, int channels, int pixels, unsigned seed,
                                                     unsigned limit, float kept) {
  v128_t least = wasm_i32x4_splat((int)limit), value = wasm_f32x4_splat(kept);
  unsigned pixel = (unsigned)channels * stride;
  v128_t four = wasm_i32x4_splat((int)(4 * pixel));
  for (int image = 0; image < images; image++) {
    for (int channel = 0; channel < channels; channel++) {
      unsigned first = seed + ((unsigned)image * (unsigned)pixels * (unsigned)channels + (unsigned)channel + 1) * stride;
      v128_t state = wasm_u32x4_make(first, first + pixel, first + 2 * pixel, first + 3 * pixel);
      int i = 0;
      for (; i + 4 <= pixels; i += 4, mask += 4) {
        wasm_v128_store(mask, wasm_v128_and(wasm_u32x4_ge(mixed(state), least), value));
        state = wasm_i32x4_add(state, four);
      }
      float rest[4];
      wasm_v128_store(rest, wasm_v128_and(wasm_u32x4_ge(mixed(state), least), value));
      for (int lane = 0; i < pixels; i++) *mask++ = rest[lane++];
    }
  }
}
