// Messages as elements. Nobody's text is trusted: everything goes in through textContent and checked links, never as markup.

const SVG = "http://www.w3.org/2000/svg";

export function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== "") made.textContent = text;
  return made;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", "/static/icons.svg#" + name);
  svg.append(use);
  return svg;
}

function safe(address) {
  if (typeof address !== "string") return "";
  const ours = address.startsWith("/") && !/^\/[/\\]/.test(address);
  return ours || /^https?:\/\//.test(address) ? address : "";
}

function linkOrText(text, address) {
  const url = safe(address);
  if (!url) return element("span", "", text);
  const link = element("a", "", text);
  link.href = url;
  link.target = "_top";
  return link;
}

// act: { say(text), press(text, command), rate(id, score, comment), thumb(id, up) }
export function drawMessage(message, act) {
  const item = element("li", message.author);
  if (message.text) item.append(element("div", "bubble", message.text));
  if (message.comparison) item.append(sideBySide(message.comparison));
  if (message.products?.length) item.append(shelf(message.products, act));
  if (message.cart) item.append(cartSlip(message.cart, act));
  if (message.order) item.append(orderSlip(message.order));
  if (message.links?.length) item.append(pages(message.links));
  if (message.survey) item.append(survey(message.survey, act));
  if (message.author === "bot" && message.id) item.append(thumbs(message, act));
  if (message.author === "agent") item.prepend(element("p", "state", message.agent || "A colleague"));
  return item;
}

function thumbs(message, act) {
  const made = element("p", "thumbs");
  made.setAttribute("role", "group");
  made.setAttribute("aria-label", "Was this helpful?");
  for (const [up, label] of [[true, "This helped"], [false, "This did not help"]]) {
    const button = element("button", "thumb");
    button.type = "button";
    button.title = label;
    button.setAttribute("aria-label", label);
    button.setAttribute("aria-pressed", String(message.thumb === up));
    button.append(icon(up ? "thumb-up" : "thumb-down"));
    button.addEventListener("click", async () => {
      if (!(await act.thumb(message.id, up))) return;
      for (const other of made.children) other.setAttribute("aria-pressed", String(other === button));
    });
    made.append(button);
  }
  return made;
}

const STOCK = { in_stock: ["in", "In stock"], low: ["low", "A few left"], out: ["out", "Out of stock"] };

function card(product, act) {
  const made = element("li", "card");
  const picture = document.createElement("img");
  picture.src = safe(product.image) || "/images/" + encodeURIComponent(product.sku) + ".svg";
  picture.alt = "";
  picture.loading = "lazy";
  picture.width = picture.height = 178;
  const about = element("div", "about");
  const title = element("h3");
  title.append(linkOrText(product.title, product.url || "/p/" + encodeURIComponent(product.sku)));
  about.append(title);
  // Many titles name colour and size already.
  const kind = [product.colour, product.size].filter((part) => part && !product.title.toLowerCase().includes(part.toLowerCase())).join(", ");
  if (kind) about.append(element("p", "kind", kind));
  if (product.reason) about.append(element("p", "reason", product.reason));
  const row = element("p", "row");
  const [state, words] = STOCK[product.stock] || STOCK.in_stock;
  row.append(element("b", "", product.price || ""), element("span", "stock " + state, words));
  about.append(row);
  const add = element("button", "button", "Add to cart");
  add.type = "button";
  add.disabled = product.stock === "out";
  add.setAttribute("aria-label", `Add ${product.title}${kind ? ", " + kind : ""} to the cart`);
  add.addEventListener("click", () => act.press(`Add ${product.title}${kind ? " (" + kind + ")" : ""} to my cart`, { name: "add_to_cart", sku: product.sku }));
  about.append(add);
  made.append(picture, about);
  return made;
}

function shelf(products, act) {
  const made = element("div", "shelf");
  const cards = element("ul", "cards");
  cards.tabIndex = 0;
  cards.setAttribute("aria-label", products.length === 1 ? "1 product" : products.length + " products");
  cards.append(...products.map((product) => card(product, act)));
  made.append(cards);
  if (products.length > 2) made.append(...arrows(cards));
  return made;
}

function arrows(cards) {
  const [back, on] = [["back", "left", "Earlier products"], ["on", "right", "Further products"]].map(([className, picture, label], k) => {
    const button = element("button", "round arrow " + className);
    button.type = "button";
    button.setAttribute("aria-label", label);
    button.append(icon(picture));
    button.addEventListener("click", () => cards.scrollBy({ left: (k ? 1 : -1) * cards.clientWidth * 0.8, behavior: "smooth" }));
    return button;
  });
  const update = () => {
    back.hidden = cards.scrollLeft < 8;
    on.hidden = cards.scrollLeft + cards.clientWidth > cards.scrollWidth - 8;
  };
  cards.addEventListener("scroll", update, { passive: true });
  new ResizeObserver(update).observe(cards);
  return [back, on];
}

function row(left, right, className = "") {
  const item = element("li", className);
  item.append(element("span", "", left), element("span", "", right));
  return item;
}

function cartSlip(cart, act) {
  const made = element("section", "slip");
  made.append(element("h3", "", "Your cart"));
  const lines = element("ul");
  for (const line of cart.lines || []) lines.append(row(`${line.quantity} × ${line.title}`, line.total || line.price || ""));
  if (cart.total) lines.append(row("Total", cart.total, "total"));
  made.append(lines);
  if (cart.lines?.length) {
    const pay = element("button", "button", "Check out");
    pay.type = "button";
    pay.addEventListener("click", () => act.say("Check out"));
    made.append(pay);
  }
  return made;
}

function pages(links) {
  const made = element("p", "pages");
  for (const link of links) {
    const page = linkOrText(link.title, link.url);
    if (page.tagName === "A") page.target = "_blank";
    made.append(page);
  }
  return made;
}

const FACTS = { price: "Price", brand: "Brand", material: "Material", colour: "Colour", size: "Size", stock: "Stock" };

function sideBySide(comparison) {
  const table = element("table", "slip comparison");
  const head = table.createTHead().insertRow();
  head.append(element("td"));
  for (const title of comparison.columns) {
    const cell = element("th", "", title);
    cell.scope = "col";
    head.append(cell);
  }
  const body = table.createTBody();
  for (const { name, values } of comparison.rows) {
    const line = body.insertRow();
    const label = element("th", "", FACTS[name] || name);
    label.scope = "row";
    line.append(label);
    for (const value of values) line.append(element("td", "", name === "stock" ? STOCK[value]?.[1] || value : value || "\u2013"));
  }
  return table;
}

function orderSlip(order) {
  const made = element("section", "slip");
  const head = element("h3", "", "Order " + order.number);
  if (order.status) head.append(element("span", "badge", order.status));
  made.append(head);
  const lines = element("ul");
  for (const line of order.lines || []) lines.append(row(`${line.quantity} × ${line.title}`, ""));
  if (order.total) lines.append(row("Total", order.total, "total"));
  made.append(lines);
  const facts = [["Placed", order.placed], ["Expected", order.expected], ["Tracking", order.tracking]].filter(([, value]) => value);
  for (const [name, value] of facts) made.append(element("p", "", `${name}: ${value}`));
  return made;
}

// One question, a scale of buttons, and room for a comment once a score is given.
function survey({ id, question, scale }, act) {
  const made = element("section", "slip survey");
  const title = element("h3", "", question);
  const row = element("div", "scale");
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", `${question} 1 is the worst, ${scale} the best`);
  const thanks = element("p", "");
  thanks.setAttribute("role", "status");
  const comment = element("textarea");
  comment.rows = 2;
  comment.maxLength = 1000;
  comment.placeholder = "Would you like to say why?";
  comment.setAttribute("aria-label", comment.placeholder);
  const send = element("button", "button quiet", "Send");
  send.type = "button";
  comment.hidden = send.hidden = true;
  let score = 0;
  const tell = async (words) => {
    const done = await act.rate(id, score, words);
    thanks.textContent = done ? "Thank you for telling us." : "That did not arrive. Please try again.";
    return done;
  };
  for (let k = 1; k <= scale; k += 1) {
    const button = element("button", "reply", String(k));
    button.type = "button";
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", async () => {
      score = k;
      for (const other of row.children) other.setAttribute("aria-pressed", String(other === button));
      if (!(await tell(""))) return;
      comment.hidden = send.hidden = false;
      made.scrollIntoView({ block: "nearest" });
    });
    row.append(button);
  }
  send.addEventListener("click", async () => { if (await tell(comment.value)) comment.hidden = send.hidden = true; });
  made.append(title, row, comment, send, thanks);
  return made;
}
