"""sagerecon moves a company's books into Sage Business Cloud Accounting and proves that they arrived."""
