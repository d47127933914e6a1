// @vitest-environment jsdom
/** Segmentation settings, measurements and the figures of a run. */
import { act, cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { metricsOf } from '../../evaluation/metrics.ts';
import { FirstView } from '../session/first-view.ts';
import { TestBench, testModel } from '../testing.tsx';
import { FiguresSection } from '../truth/figures-section.tsx';
import { RunSection } from './run-section.tsx';
import { StatisticsSection } from './statistics-section.tsx';

let bench: TestBench;
beforeEach(() => {
  bench = new TestBench();
  // There is no view here to wait for.
  vi.spyOn(FirstView.prototype, 'of').mockResolvedValue();
});
afterEach(cleanup);

const button = (id: string): HTMLButtonElement => screen.getByTestId(`command-${id}`);

describe('the segmentation section', () => {
  const show = (): void => void render(<RunSection />, { wrapper: bench.Wrapper });
  const estimate = {
    skipped: 3,
    qualities: [
      { overlap: 0, slices: 1080, price: 1 },
      { overlap: 0.125, slices: 1400, price: 1.3 },
      { overlap: 0.25, slices: 1950, price: 1.8 },
    ],
  };

  it('gives the slices and the price of each overlap once they are known', async () => {
    bench.ready().preferences({ quality: 'fast' }).estimates(estimate);
    show();
    const overlap = screen.getByRole<HTMLSelectElement>('combobox', { name: 'Overlap' });
    expect(screen.queryByTestId('run-estimate')).toBeNull();
    expect((await screen.findByTestId('run-estimate')).textContent).toMatch(/1,080 slices/);
    expect(overlap.options[2]?.textContent).toMatch(/1\.8/);
    fireEvent.change(overlap, { target: { value: 'best' } });
    expect(overlap.value).toBe('best');
    expect(screen.getByTestId('run-estimate').textContent).toMatch(/1,950 slices/);
  });

  it('says before a run how long it will take, measured or estimated', async () => {
    bench.ready().preferences({ quality: 'fast' }).estimates(estimate);
    show();
    const time = (): string => screen.getByTestId('run-estimate').textContent ?? '';
    await screen.findByTestId('run-estimate');
    expect(time()).toMatch(/time not measured/);
    act(() => void bench.speed('beta', 9));
    expect(time()).toMatch(/1,080 slices, ≈ 2 min \(estimated\)/);
    act(() => void bench.speed('alpha', 18));
    expect(time()).toMatch(/1,080 slices, ≈ 1 min[;.]/);
    act(() => void bench.preferences({ symmetries: true }));
    expect(time()).toMatch(/≈ 8 min/);
  });

  it('never shows the estimate of another model', async () => {
    bench.ready().estimates(estimate);
    show();
    await screen.findByTestId('run-estimate');
    bench.estimates(null);
    act(() => void bench.model('beta'));
    expect(screen.queryByTestId('run-estimate')).toBeNull();
  });

  it('asks for no estimate before the resolution is known', async () => {
    bench.ready().openSlide({ mpp: null }).estimates(estimate);
    const asked = vi.spyOn(bench.workbench.engine, 'estimate');
    show();
    await act(() => Promise.resolve());
    expect(asked).not.toHaveBeenCalled();
    act(() => void bench.openSlide({ mpp: { x: 0.5, y: 0.5, source: 'test' } }));
    await waitFor(() => expect(asked).toHaveBeenCalledOnce());
  });

  it('says what each overlap does', () => {
    bench.ready();
    show();
    const hints = (['fast', 'standard', 'best'] as const).map((quality) => {
      fireEvent.change(screen.getByTestId('quality-select'), { target: { value: quality } });
      return screen.getByTestId('run-section').querySelector('.hint')?.textContent;
    });
    expect(hints[0]).toMatch(/no overlap/i);
    expect(new Set(hints).size).toBe(3);
  });

  it('has four checkboxes that act on their own; eight orientations are asked for', () => {
    show();
    const boxes = screen.getAllByRole<HTMLInputElement>('checkbox');
    const checked = (): boolean[] => boxes.map((box) => box.checked);
    expect(boxes[0]?.labels?.[0]?.textContent).toContain('Eight orientations (8× time)');
    expect(checked()).toEqual([false, true, true, true]);
    fireEvent.click(boxes[0]!);
    expect(checked()).toEqual([true, true, true, true]);
    fireEvent.click(boxes[1]!);
    expect(checked()).toEqual([true, false, true, true]);
    fireEvent.click(boxes[2]!);
    expect(checked()).toEqual([true, false, false, true]);
  });

  it('offers areas only where a run can start', () => {
    show();
    expect(button('segment.rectangle').disabled).toBe(true);
    act(() => void bench.ready());
    expect(button('segment.rectangle').disabled).toBe(false);
    expect(button('segment.area').disabled).toBe(true);
    act(() => void bench.drawnArea());
    expect(button('segment.area').disabled).toBe(false);
    act(() => void bench.startRun('alpha'));
    expect(button('segment.rectangle').disabled).toBe(true);
    expect(button('segment.area').disabled).toBe(true);
  });

  it('shows which area is being drawn, one at a time', () => {
    bench.ready();
    show();
    fireEvent.click(button('segment.rectangle'));
    expect(button('segment.rectangle').getAttribute('aria-pressed')).toBe('true');
    fireEvent.click(button('segment.polygon'));
    expect(button('segment.rectangle').getAttribute('aria-pressed')).toBe('false');
    expect(button('segment.polygon').getAttribute('aria-pressed')).toBe('true');
  });

  it('gives the size of saved results, and nothing where there are none', async () => {
    bench.ready().storageUse(2, 12_400_000);
    show();
    expect((await screen.findByTestId('storage-use')).textContent).toMatch(/12 MB/);
    cleanup();
    bench.storageUse(0, 0);
    show();
    await act(() => Promise.resolve());
    expect(screen.queryByTestId('storage-use')).toBeNull();
  });
});

describe('the measurements section', () => {
  const show = (): void => void render(<FiguresSection />, { wrapper: bench.Wrapper });
  const cells = (table: HTMLElement): (string | null)[][] =>
    within(table)
      .getAllByRole('row')
      .map((row) => [...row.children].map(({ textContent }) => textContent));

  it('says that nothing is segmented, then gives areas', async () => {
    bench.ready();
    show();
    expect(screen.getByText(/^(Nothing|Not)\b.*segmented/)).toBeTruthy();
    act(() => void bench.slices('alpha', 1, 3));
    const rows = cells(await screen.findByTestId('area-table'));
    expect(rows.slice(1).map(([name, area]) => [name, area])).toEqual([
      ['normal', '0 mm²'],
      ['benign', '0.25 mm²'],
      ['in situ', '0 mm²'],
      ['invasive', '0.25 mm²'],
    ]);
    expect(screen.queryByTestId('comparison')).toBeNull();
  });

  it('offers a region only where one is drawn', () => {
    bench.ready();
    show();
    const options = (): string[] =>
      [...screen.getByTestId<HTMLSelectElement>('figures-extent').options].map(({ value }) => value);
    expect(options()).toEqual(['slide', 'view']);
    act(() => void bench.drawnArea());
    expect(options()).toEqual(['slide', 'view', 'region']);
  });

  /** Figures as they are with a truth: of two classes, three of four pixels right. */
  function withTruth(otherClasses: boolean): void {
    const confusion = { classes: 2, counts: Float64Array.from([1, 0, 1, 2]) };
    const own = { pixels: 2, shareOfTissue: 0.5 };
    bench.workbench.figures.compute = () =>
      Promise.resolve({
        extent: 'slide',
        title: 'Alpha',
        classes: [
          { ...own, name: 'normal', background: true, mm2: 1 },
          { ...own, name: 'gland', background: false, mm2: 1 },
        ],
        segmentedMm2: 2,
        tissueMm2: 2,
        comparison: otherClasses ? null : { confusion, metrics: metricsOf(confusion), mm2: 2 },
        otherClasses,
      });
  }

  it('compares with the truth: metrics, and rows of the confusion matrix in per cent', async () => {
    bench.ready();
    withTruth(false);
    show();
    const comparison = await screen.findByTestId('comparison');
    // Of the truth's glands two of three are found; of the predicted glands all are.
    expect(comparison.textContent).toMatch(/Accuracy0\.75/);
    const rows = cells(within(comparison).getByTestId('confusion'));
    expect(rows[1]).toEqual(['normal', '100', '0', '0.50']);
    expect(rows[2]).toEqual(['gland', '33', '67', '0.67']);
    const header = within(comparison).getByTestId('confusion').querySelectorAll('thead th');
    expect(header[2]?.getAttribute('data-tip')).toMatch(/gland/);
  });

  it('offers to map a truth of other classes', async () => {
    bench.ready();
    withTruth(true);
    const match = vi.fn();
    bench.workbench.annotations.matchActiveModel = match;
    show();
    await screen.findByTestId('area-table');
    fireEvent.click(screen.getByRole('button', { name: /classes/ }));
    expect(match).toHaveBeenCalledOnce();
    expect(screen.queryByTestId('comparison')).toBeNull();
  });
});

describe('the figures of a run', () => {
  const show = (): void => void render(<StatisticsSection />, { wrapper: bench.Wrapper });
  const stages = {
    readMs: 100,
    decodeMs: 200,
    preprocessMs: 50,
    waitMs: 0,
    encodeMs: 0,
    inferMs: 1500,
    stitchMs: 10,
  };

  it('are absent before a run, and after one that only restored slices', () => {
    bench.ready();
    show();
    expect(screen.queryByTestId('statistics-section')).toBeNull();
    act(() => void bench.startRun('alpha').endRun('alpha', { slices: 10, restored: 10, seconds: 1 }));
    expect(screen.queryByTestId('statistics-section')).toBeNull();
  });

  it('leave restored slices out of the rate and of the time of stages', () => {
    bench.ready().startRun('alpha').endRun('alpha', { slices: 20, restored: 10, seconds: 2, stages });
    show();
    expect(screen.getByText('5 slices/s')).toBeTruthy();
    const rows = within(screen.getByTestId('stages')).getAllByRole('row');
    const infer = rows.find((row) => row.textContent?.startsWith('Infer'));
    expect(within(infer!).getByText('150.0')).toBeTruthy();
  });

  it('are those of the active pane’s model where several ran', async () => {
    bench.models(testModel('alpha'), testModel('beta')).openSlide().model('alpha');
    bench.startRun('alpha', 'beta');
    bench.endRun('alpha', { slices: 10, seconds: 2 }).endRun('beta', { slices: 30, seconds: 2 });
    show();
    expect(screen.getByText('5 slices/s')).toBeTruthy();
    act(() => void bench.model('beta'));
    await waitFor(() => expect(screen.getByText('15 slices/s')).toBeTruthy());
  });
});
