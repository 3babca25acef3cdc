// The fields of a form: groups of radio buttons and texts, each with a value that is null until something was chosen.

import { el } from "./dom.js";

const same = (one, other) => JSON.stringify(one.options) === JSON.stringify(other.options);

/** The scale that all fields share, if they do: it is explained once. */
export function sharedScale(fields) {
  const scales = fields.filter((field) => field.kind === "scale");
  return scales.length > 1 && scales.every((field) => same(field, scales[0])) ? scales[0].options : null;
}

/** One field on the page. `changed(field)` is called when the person has changed it. */
export class FieldView {
  constructor(field, number, value, shared, changed) {
    Object.assign(this, { field, changed });
    this.inputs = [];
    const help = `help-${number}`;
    this.described = field.help ? help : null;
    this.root = field.kind === "text" ? this.#text(number) : this.#group(number, shared);
    if (value !== null && value !== undefined) this.value = value;
  }

  #heading(number) {
    const optional = this.field.required ? null : el("span", { class: "aside" }, " (may stay empty)");
    return [el("span", { dir: "auto" }, this.field.label), optional, this.field.help && el("span", { class: "help", id: `help-${number}`, dir: "auto" }, this.field.help)];
  }

  #group(number, shared) {
    this.inputs = this.field.options.map(() => el("input", { type: "radio", name: `field-${number}`, on: { change: () => this.changed(this) } }));
    const options = this.field.options.map((option, place) =>
      el(
        "label",
        { title: (shared && option.help) || null },
        this.inputs[place],
        place < 9 && option.label !== String(place + 1) && el("kbd", { "aria-hidden": "true" }, String(place + 1)),
        el("span", { class: "option", dir: "auto" }, option.label),
        option.help && el("span", { class: shared ? "quiet" : "help", dir: "auto" }, option.help),
      ),
    );
    const legend = el("legend", { id: `legend-${number}` }, ...this.#heading(number));
    const group = el("div", { class: "options" }, ...options);
    return el("fieldset", { class: `field ${this.field.kind}`, "data-field": this.field.name, "data-many": options.length > 5 }, legend, group, this.#clearing());
  }

  #text(number) {
    const area = el("textarea", { id: `text-${number}`, rows: 3, maxlength: 4000, dir: "auto", "aria-describedby": this.described, on: { input: () => this.changed(this) } });
    this.inputs = [area];
    return el("div", { class: "field text", "data-field": this.field.name }, el("label", { class: "legend", for: `text-${number}` }, ...this.#heading(number)), area);
  }

  #clearing() {
    if (this.field.required) return null;
    return el("button", { type: "button", class: "small clear", on: { click: () => this.clear() } }, "Clear");
  }

  get value() {
    if (this.field.kind === "text") return this.inputs[0].value.trim() === "" ? null : this.inputs[0].value;
    const place = this.inputs.findIndex((input) => input.checked);
    return place < 0 ? null : this.field.options[place].value;
  }

  set value(value) {
    if (this.field.kind === "text") this.inputs[0].value = value;
    else this.inputs.forEach((input, place) => (input.checked = this.field.options[place].value === value));
  }

  /** Whether the form can be stored with it. */
  get settled() {
    return this.value !== null || !this.field.required;
  }

  /** Choose the option at a place, counted from 0. False where there is none. */
  choose(place) {
    if (this.field.kind === "text" || place >= Math.min(9, this.inputs.length)) return false;
    this.inputs[place].checked = true;
    this.changed(this);
    return true;
  }

  /** Give it `value` if it is empty and offers that. */
  offer(value) {
    if (this.field.kind === "text" || this.value !== null || !this.field.options.some((option) => option.value === value)) return;
    this.value = value;
    this.changed(this);
  }

  clear() {
    if (this.field.kind === "text") return;
    this.inputs.forEach((input) => (input.checked = false));
    this.changed(this);
  }

  focus() {
    (this.inputs.find((input) => input.checked) ?? this.inputs[0]).focus({ preventScroll: true });
    this.root.scrollIntoView({ block: "nearest" }); // all of it, clear of the bars
  }
}
