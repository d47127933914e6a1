/*
 * The optimisers' loops over one tensor: each reads and writes every value once, four numbers at a time. All arrays begin at
 * multiples of 16 bytes and are filled up with zeros to whole vectors; `length` is the number of values with these.
 *
 * Products and sums are rounded one by one, in the order of OptimiserGraph's nodes, so that the results are the same bits.
 */
#include <wasm_simd128.h>

#define exported(name) __attribute__((export_name(#name)))
#define load wasm_v128_load
#define store wasm_v128_store
#define all wasm_f32x4_splat
#define add wasm_f32x4_add
#define sub wasm_f32x4_sub
#define mul wasm_f32x4_mul

/* AdamW (Loshchilov & Hutter 2019); the corrections of the moments are in `rate` and `epsilon`. */
exported(adamw) void adamw(float *weight, float *m, float *v, const float *gradient, int length, float scale, float rate,
                           float keep, float epsilon, float beta1, float rest1, float beta2, float rest2) {
  for (int i = 0; i < length; i += 4) {
    v128_t g = mul(load(gradient + i), all(scale));
    v128_t mean = add(mul(load(m + i), all(beta1)), mul(g, all(rest1)));
    v128_t square = add(mul(load(v + i), all(beta2)), mul(mul(g, all(rest2)), g));
    v128_t spread = add(wasm_f32x4_sqrt(square), all(epsilon));
    v128_t change = wasm_f32x4_div(mul(mean, all(rate)), spread);
    store(m + i, mean);
    store(v + i, square);
    store(weight + i, sub(mul(load(weight + i), all(keep)), change));
  }
}

/* Momentum as in PyTorch: the velocity includes the weight decay. */
exported(sgd) void sgd(float *weight, float *velocity, const float *gradient, int length, float scale, float rate,
                       float momentum, float decay) {
  for (int i = 0; i < length; i += 4) {
    v128_t w = load(weight + i);
    v128_t g = add(mul(load(gradient + i), all(scale)), mul(w, all(decay)));
    v128_t next = add(mul(load(velocity + i), all(momentum)), g);
    store(velocity + i, next);
    store(weight + i, sub(w, mul(next, all(rate))));
  }
}

/* Moves an average by a share of its distance from the weights. */
exported(average) void average(float *mean, const float *weight, int length, float share) {
  for (int i = 0; i < length; i += 4) {
    v128_t old = load(mean + i);
    store(mean + i, add(old, mul(sub(load(weight + i), old), all(share))));
  }
}

/* Adds a share of a part's gradient to `keep` times the sum. */
exported(accumulate) void accumulate(float *sum, const float *gradient, int length, float keep, float share) {
  for (int i = 0; i < length; i += 4) {
    store(sum + i, add(mul(load(sum + i), all(keep)), mul(load(gradient + i), all(share))));
  }
}

/* Sum of the squares, in double precision. */
exported(squares) double squares(const float *gradient, int length) {
  v128_t sum = wasm_f64x2_splat(0);
  for (int i = 0; i < length; i += 2) {
    v128_t two = wasm_f64x2_promote_low_f32x4(wasm_v128_load64_zero(gradient + i));
    sum = wasm_f64x2_add(sum, wasm_f64x2_mul(two, two));
  }
  return wasm_f64x2_extract_lane(sum, 0) + wasm_f64x2_extract_lane(sum, 1);
}
