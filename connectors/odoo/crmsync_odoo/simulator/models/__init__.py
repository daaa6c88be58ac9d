"""The models, and how they behave beyond reading and writing fields."""
