// Swagger UI on the description that this server gives of itself. Without its deep links, which are links inside
// buttons: screen readers lose their way there.

const reference = document.getElementById("reference");

if (matchMedia("(prefers-color-scheme: dark)").matches) document.documentElement.classList.add("dark-mode");

// Fields are named for whoever does not see what they stand beside, and the keyboard can scroll what scrolls.
function complete() {
  for (const row of reference.querySelectorAll("[data-param-name]")) {
    for (const field of row.querySelectorAll("select, input, textarea")) field.ariaLabel ??= row.dataset.paramName;
  }
  for (const example of reference.querySelectorAll("pre.microlight")) example.tabIndex = 0;
}
new MutationObserver(complete).observe(reference, { childList: true, subtree: true });

SwaggerUIBundle({
  domNode: reference,
  url: reference.dataset.schema,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
