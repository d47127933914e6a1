// @vitest-environment jsdom
/** Layer section, legend and the editor of a class's style. */
import { act, cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestBench, testModel } from '../testing.tsx';
import { LayerSection } from './layer-section.tsx';
import { LegendSection } from './legend-section.tsx';

let bench: TestBench;
beforeEach(() => {
  bench = new TestBench();
});
afterEach(cleanup);

const checkbox = (name: string): HTMLInputElement => screen.getByRole('checkbox', { name });
const slider = (name: string | RegExp): HTMLInputElement => screen.getByRole('slider', { name });

describe('the layer section', () => {
  const show = (): void => void render(<LayerSection />, { wrapper: bench.Wrapper });

  it('offers no layer, every model and the ground truth, and shows the choice', () => {
    bench.ready();
    show();
    const select = screen.getByRole<HTMLSelectElement>('combobox', { name: 'Layer' });
    expect([...select.options].map(({ value }) => value)).toEqual([
      'none',
      'model:alpha',
      'model:beta',
      'votes:alpha',
      // Disabled, with the reason.
      'context:alpha',
      'truth',
    ]);
    expect(select.value).toBe('model:alpha');
    fireEvent.change(select, { target: { value: 'model:beta' } });
    expect(select.value).toBe('model:beta');
  });

  it('warns of a model that does not fit the slide, only while that model is chosen', () => {
    const { provenance } = testModel('gamma').manifest;
    bench.models(testModel('alpha'), testModel('gamma', { provenance: { ...provenance, synthetic: true } }));
    bench.openSlide().model('gamma');
    show();
    // It asks before it runs; where it does not, it still says so.
    expect(screen.getByTestId('misfit-gamma').textContent).toMatch(/synthetic/);
    act(() => void bench.preferences({ askMisfit: false }));
    expect(screen.getByTestId('fit-gamma').textContent).toMatch(/synthetic/);
    fireEvent.change(screen.getByTestId('layer-select'), { target: { value: 'model:alpha' } });
    expect(screen.queryByTestId('fit-gamma')).toBeNull();
  });

  it('has switches that say whether they are on, and that need a slide', () => {
    show();
    const fill = screen.getByRole<HTMLButtonElement>('button', { name: 'Fill' });
    expect(fill.disabled).toBe(true);
    act(() => void bench.ready());
    expect(fill.disabled).toBe(false);
    expect(fill.getAttribute('aria-pressed')).toBe('true');
    fireEvent.click(fill);
    expect(fill.getAttribute('aria-pressed')).toBe('false');
    expect(fill.getAttribute('aria-keyshortcuts')).toBe('F');
  });

  it('has sliders with a name, and the value as text for those who hear it', () => {
    bench.ready();
    show();
    const fill = slider('Fill opacity');
    fireEvent.change(fill, { target: { value: '60' } });
    expect(fill.value).toBe('60');
    expect(fill.getAttribute('aria-valuetext')).toBe('60 per cent');
    const width = slider('Outline width');
    fireEvent.change(width, { target: { value: '4.5' } });
    expect(width.getAttribute('aria-valuetext')).toBe('4.5 pixels');
    expect(within(screen.getByTestId('layer-section')).getByText('4.5 px')).toBeTruthy();
    const confidence = slider(/confidence$/);
    fireEvent.change(confidence, { target: { value: '80' } });
    expect(confidence.getAttribute('aria-valuetext')).toBe('80 per cent');
    // One does not move the others.
    expect(slider('Outline opacity').value).toBe('100');
    expect(fill.value).toBe('60');
  });

  it('changes the palette', () => {
    bench.ready();
    show();
    const palette = screen.getByRole<HTMLSelectElement>('combobox', { name: 'Colours' });
    fireEvent.change(palette, { target: { value: 'bach' } });
    expect(palette.value).toBe('bach');
  });

  it('folds by its heading, and stays folded', () => {
    bench.ready();
    show();
    const heading = within(screen.getByRole('heading', { name: 'Layer' })).getByRole('button');
    expect(heading.getAttribute('aria-expanded')).toBe('true');
    fireEvent.click(heading);
    expect(heading.getAttribute('aria-expanded')).toBe('false');
    expect(screen.queryByTestId('layer-select')).toBeNull();
    cleanup();
    show();
    expect(screen.queryByTestId('layer-select')).toBeNull();
  });
});

describe('the legend', () => {
  const show = (): void => void render(<LegendSection />, { wrapper: bench.Wrapper });

  it('is absent over bare tissue', () => {
    bench.ready().layer({ kind: 'none' });
    show();
    expect(screen.queryByTestId('legend')).toBeNull();
  });

  it('switches classes on and off, but not the background', () => {
    bench.ready();
    show();
    expect(checkbox('normal').disabled).toBe(true);
    expect(checkbox('normal').checked).toBe(false);
    expect(checkbox('in situ').checked).toBe(true);
    fireEvent.click(checkbox('in situ'));
    expect(checkbox('in situ').checked).toBe(false);
    expect(checkbox('benign').checked).toBe(true);
    // Class values mean something else in another model.
    act(() => void bench.model('beta'));
    expect(checkbox('in situ').checked).toBe(true);
  });

  it('gives areas and shares of what is segmented', async () => {
    bench.ready().slices('alpha', 1, 1, 3, 0);
    show();
    await screen.findByText('0.50 mm²');
    const lines = screen.getAllByRole('listitem').map(({ textContent }) => textContent);
    // A slice is 1000 px of 0.5 µm a side.
    expect(lines).toEqual([
      'normal0.25 mm²25 %',
      'benign0.50 mm²50 %',
      'in situ0 mm²0 %',
      'invasive0.25 mm²25 %',
    ]);
  });

  it('has no areas without a resolution, but shares', async () => {
    bench.models(testModel('alpha')).openSlide({ mpp: null }).model('alpha').slices('alpha', 1, 3);
    show();
    expect(await screen.findAllByText('50 %')).toHaveLength(2);
    expect(screen.getByTestId('legend').textContent).not.toMatch(/mm²/);
  });

  it('shows the scale in place of classes while confidence is drawn', () => {
    bench.ready();
    show();
    const scale = (): HTMLElement | null => screen.queryByText(/^Confidence/);
    expect(scale()).toBeNull();
    act(() => void bench.overlay({ confidence: true }));
    expect(scale()).not.toBeNull();
  });

  it('warns of colours that look alike, and names the classes', () => {
    bench.ready();
    show();
    expect(screen.queryByTestId('alike-colours')).toBeNull();
    fireEvent.click(screen.getByTestId('edit-class-1'));
    const colour = screen.getByLabelText<HTMLInputElement>('Colour of benign');
    fireEvent.change(colour, { target: { value: '#000078' } });
    expect(colour.value).toBe('#000078');
    expect(screen.getByTestId('alike-colours').textContent).toMatch(/benign.*invasive|invasive.*benign/);
  });
});

describe('the style of a class', () => {
  beforeEach(() => {
    bench.ready();
    render(<LegendSection />, { wrapper: bench.Wrapper });
  });

  it('is edited for one class at a time', () => {
    const [benign, invasive] = [screen.getByTestId('edit-class-1'), screen.getByTestId('edit-class-3')];
    expect(benign.getAttribute('aria-label')).toMatch(/benign/);
    fireEvent.click(benign);
    expect(benign.getAttribute('aria-expanded')).toBe('true');
    fireEvent.click(invasive);
    expect(benign.getAttribute('aria-expanded')).toBe('false');
    expect(screen.getAllByRole('group', { name: /invasive|benign/ })).toHaveLength(1);
    fireEvent.click(invasive);
    expect(screen.queryByRole('group', { name: /invasive/ })).toBeNull();
  });

  it('can be reset only when it has been changed', () => {
    fireEvent.click(screen.getByTestId('edit-class-3'));
    const editor = within(screen.getByRole('group', { name: /invasive/ }));
    const reset = editor.getByRole<HTMLButtonElement>('button');
    const before = editor.getByLabelText<HTMLInputElement>('Colour of invasive').value;
    expect(reset.disabled).toBe(true);
    fireEvent.click(editor.getByRole('checkbox', { name: 'Fill' }));
    fireEvent.change(editor.getByLabelText('Colour of invasive'), { target: { value: '#123456' } });
    expect(editor.getByRole<HTMLInputElement>('checkbox', { name: 'Fill' }).checked).toBe(false);
    expect(editor.getByRole<HTMLInputElement>('checkbox', { name: 'Outline' }).checked).toBe(true);
    expect(reset.disabled).toBe(false);
    fireEvent.click(reset);
    expect(editor.getByRole<HTMLInputElement>('checkbox', { name: 'Fill' }).checked).toBe(true);
    expect(editor.getByLabelText<HTMLInputElement>('Colour of invasive').value).toBe(before);
    expect(reset.disabled).toBe(true);
  });

  it('follows the class into another model', () => {
    fireEvent.click(screen.getByTestId('edit-class-2'));
    fireEvent.change(screen.getByLabelText('Colour of in situ'), { target: { value: '#654321' } });
    act(() => void bench.model('beta'));
    expect(screen.getByLabelText<HTMLInputElement>('Colour of in situ').value).toBe('#654321');
  });
});
