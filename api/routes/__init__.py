"""One resource a module: translate, call once, translate back."""
