// @vitest-environment jsdom
/** Facts of the open slide, and the list of models. */
import { act, cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestBench, testModel } from '../testing.tsx';
import { ModelsPanel } from './models-panel.tsx';
import { SlideFacts } from './slide-facts.tsx';

let bench: TestBench;
beforeEach(() => {
  bench = new TestBench();
});
afterEach(cleanup);

describe('facts of the slide', () => {
  const show = (): void => void render(<SlideFacts />, { wrapper: bench.Wrapper });
  /** By name, as they are read. */
  const facts = (): Record<string, string> =>
    Object.fromEntries(
      within(screen.getByTestId('slide-facts'))
        .getAllByRole('term')
        .map((term) => [term.textContent ?? '', term.nextElementSibling?.textContent ?? '']),
    );

  it('are absent without a slide', () => {
    show();
    expect(screen.queryByTestId('slide-facts')).toBeNull();
  });

  it('give pixels and millimetres, format, levels and size of the file', () => {
    bench.openSlide();
    show();
    const { Size, Format, Levels, ...rest } = facts();
    expect(Size).toBe('4,000 × 2,000 px2 × 1 mm');
    expect(Format).toBe('Aperio SVS');
    expect(Levels).toBe('2: 1/1, 1/4');
    expect(rest['File size']).toBe('1.9 MB');
    expect(rest.Scanner).toMatch(/^not /);
  });

  it('leave out what a tile server does not say', () => {
    bench.openSlide({ fileSize: 0, compression: null });
    show();
    expect(facts()).not.toHaveProperty('File size');
    expect(screen.getByTestId('slide-facts').textContent).not.toMatch(/JPEG/);
  });

  it('say that the resolution is unknown and never guess it', () => {
    bench.openSlide({ mpp: null });
    show();
    expect(screen.getByText('unknown').className).toBe('warning-text');
    expect(facts().Size).toBe('4,000 × 2,000 px');
    expect(screen.getByTestId('command-slide.mpp').textContent).toBe('Set…');
  });

  it('undo a change of the resolution, once for each change', () => {
    bench.openSlide();
    show();
    expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull();
    act(() => bench.workbench.slides.setMpp(0.25));
    expect(screen.getByTestId('slide-facts').textContent).toMatch(/0\.25 µm/);
    fireEvent.click(screen.getByRole('button', { name: 'Undo' }));
    expect(screen.getByTestId('slide-facts').textContent).toMatch(/0\.5 µm/);
    expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull();
  });

  it('let the reader say the organ, and take it back', () => {
    bench.openSlide();
    show();
    const organ = screen.getByRole<HTMLSelectElement>('combobox', { name: /^Organ/ });
    expect(organ.selectedOptions[0]?.textContent).toMatch(/^not (stated|specified)$/);
    fireEvent.change(organ, { target: { value: 'colon' } });
    expect(organ.value).toBe('colon');
    fireEvent.change(organ, { target: { value: '' } });
    expect(organ.selectedOptions[0]?.textContent).toMatch(/^not (stated|specified)$/);
  });

  it('offer the colour profile only where it changes colours', () => {
    const icc = { description: 'ScanScope v1', size: 3000, srgb: false };
    bench.openSlide({ icc: { ...icc, srgb: true } });
    show();
    expect(screen.queryByTestId('colour-profile')).toBeNull();
    act(() => void bench.openSlide({ icc }));
    const profile = screen.getByTestId<HTMLInputElement>('colour-profile');
    expect(profile.checked).toBe(true);
    fireEvent.click(profile);
    expect(profile.checked).toBe(false);
  });

  it('hide images that may name a patient until asked, and again on the next slide', () => {
    const associated = [
      { name: 'label', width: 400, height: 400 },
      { name: 'thumbnail', width: 400, height: 200 },
    ];
    bench.openSlide({ associated });
    show();
    expect(screen.queryByTestId('associated-label')).toBeNull();
    expect(screen.getByTestId('associated-thumbnail')).toBeTruthy();
    const toggle = screen.getByRole('button', { name: 'Show label' });
    expect(toggle.getAttribute('aria-expanded')).toBe('false');
    fireEvent.click(toggle);
    expect(screen.getByTestId('associated-label')).toBeTruthy();
    act(() => void bench.openSlide({ associated, name: 'case-8.svs', fingerprint: 'case-8' }));
    expect(screen.queryByTestId('associated-label')).toBeNull();
  });
});

describe('the models panel', () => {
  const show = (): void => void render(<ModelsPanel />, { wrapper: bench.Wrapper });

  it('distinguishes loading from an empty list', () => {
    show();
    expect(screen.getByText(/^(Reading|Loading).*models…$/)).toBeTruthy();
    act(() => void bench.models());
    expect(screen.queryByText(/models…$/)).toBeNull();
    expect(screen.getByText(/models\//)).toBeTruthy();
    expect(screen.queryAllByRole('listitem')).toHaveLength(0);
  });

  it('marks the model in use, and folds all but figures', () => {
    bench.ready();
    show();
    const [alpha, beta] = [screen.getByTestId('model-alpha'), screen.getByTestId('model-beta')];
    expect(alpha.getAttribute('aria-current')).toBe('true');
    expect(beta.getAttribute('aria-current')).toBe('false');
    expect(alpha.textContent).toBe('AlphamIoU 0.71 (4 classes)');
    fireEvent.click(beta);
    expect(beta.getAttribute('aria-current')).toBe('true');
    const details = screen.getByTestId<HTMLDetailsElement>('model-details-beta');
    expect(details.open).toBe(false);
    expect(details.textContent).toMatch(/Classesnormal, benign, in situ, invasive/);
    expect(details.textContent).toMatch(/0\.71 mIoU \(4 classes\), 0\.88 accuracy on held-out glands/);
  });

  it('says in one line what models are for, and keeps figures of other classes apart', () => {
    const classes = testModel('gamma').manifest.classes.slice(0, 2);
    const metrics = { data: 'glands', miou: 0.86, iou: [0.87, 0.847], accuracy: 0.92, score: null };
    bench.models(testModel('alpha'), testModel('gamma', { classes, metrics }), testModel('beta'));
    show();
    const groups = screen.getAllByRole('heading', { level: 3 });
    expect(groups.map(({ textContent }) => textContent)).toEqual([
      'Colon, H&E: benign, in situ, invasive',
      'Colon, H&E: benign',
    ]);
    expect(within(groups[0]!.closest('section')!).getAllByRole('listitem')).toHaveLength(2);
    // Of a single class its own IoU: a mean over two would look like one over four.
    expect(screen.getByTestId('model-gamma').textContent).toMatch(/IoU 0\.85$/);
    expect(screen.getByTestId('model-gamma').textContent).not.toMatch(/mIoU/);
  });

  it('does not hide that accuracy was not measured or that data are synthetic', () => {
    const { provenance } = testModel('alpha').manifest;
    bench.models(
      testModel('alpha', { metrics: null, provenance: { ...provenance, synthetic: true } }),
      testModel('beta'),
    );
    show();
    expect(screen.getByTestId('model-alpha').textContent).toMatch(/Accuracy not measured/);
    expect(screen.getByTestId('model-alpha').textContent).toMatch(/Synthetic data/);
    expect(screen.getByTestId('model-beta').textContent).not.toMatch(/Synthetic data/);
  });

  it('distinguishes measured from estimated speeds', () => {
    bench.models(testModel('alpha'), testModel('beta', { macsReusedContext: 1e9 })).speed('alpha', 6.3);
    show();
    expect(screen.getByTestId('speed-alpha').textContent).toMatch(/6\.3 slices\/s/);
    expect(screen.getByTestId('model-alpha').textContent).toMatch(/6\.3 slices\/s/);
    // Half of the work.
    expect(screen.getByTestId('speed-beta').textContent).toMatch(/(about|≈) 13 slices\/s/);
    expect(screen.getByTestId('speed-alpha').textContent).not.toMatch(/about|≈/);
  });

  it('warns of a slide from another organ, and of one too coarse', () => {
    bench.ready();
    show();
    expect(screen.queryByTestId('fit-alpha')).toBeNull();
    act(() => bench.workbench.slides.setSpecimen({ organ: 'skin' }));
    expect(screen.getByTestId('refusal-alpha').textContent).toMatch(/skin.*colon/i);
    act(() => void bench.openSlide({ mpp: { x: 4, y: 4, source: 'test' }, fingerprint: 'coarse' }));
    expect(screen.getByTestId('refusal-alpha').textContent).toMatch(/\b2\b.*\b4\b|\b4\b.*\b2\b/);
  });
});
